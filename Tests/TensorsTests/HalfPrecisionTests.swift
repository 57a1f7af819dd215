import Testing

@testable import Tensors

@Suite struct HalfPrecisionTests {
  @Test func everyFloat16ReturnsToItself() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(float16Bits: bits)
      if value.isNaN { continue }
      if HalfPrecision.float16Bits(value) != bits { Issue.record("\(bits) does not return") }
    }
  }

  @Test func everyBfloat16ReturnsToItself() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(bfloat16Bits: bits)
      if value.isNaN { continue }
      if HalfPrecision.bfloat16Bits(value) != bits { Issue.record("\(bits) does not return") }
    }
  }

  /// Between two neighbours: the middle goes to the even one, a hair more or less to the nearest.
  @Test(arguments: [UInt16(0x0000), 0x0001, 0x03FF, 0x0400, 0x3C00, 0x3C01, 0x7BFE, 0x7BFF])
  func float16RoundsToNearestEven(bits: UInt16) {
    let low = HalfPrecision.float(float16Bits: bits)
    let high = bits == 0x7BFF ? 65536 : HalfPrecision.float(float16Bits: bits + 1)
    let middle = low + (high - low) / 2
    #expect(HalfPrecision.float16Bits(middle) == (bits.isMultiple(of: 2) ? bits : bits + 1))
    #expect(HalfPrecision.float16Bits(middle.nextDown) == bits)
    #expect(HalfPrecision.float16Bits(middle.nextUp) == bits + 1)
    #expect(HalfPrecision.float16Bits(-middle.nextUp) == (bits + 1) | 0x8000)
  }

  @Test(arguments: [UInt16(0x0000), 0x0001, 0x007F, 0x3F80, 0x3F81, 0x7F7F])
  func bfloat16RoundsToNearestEven(bits: UInt16) {
    let middle = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
    #expect(HalfPrecision.bfloat16Bits(middle) == (bits.isMultiple(of: 2) ? bits : bits + 1))
    #expect(HalfPrecision.bfloat16Bits(middle.nextDown) == bits)
    #expect(HalfPrecision.bfloat16Bits(middle.nextUp) == bits + 1)
  }

  @Test func infinitiesAndNaN() {
    #expect(HalfPrecision.float16Bits(.infinity) == 0x7C00)
    #expect(HalfPrecision.float16Bits(-1e30) == 0xFC00)
    #expect(HalfPrecision.float(float16Bits: HalfPrecision.float16Bits(.nan)).isNaN)
    #expect(HalfPrecision.float(bfloat16Bits: HalfPrecision.bfloat16Bits(.nan)).isNaN)
    #expect(HalfPrecision.float(bfloat16Bits: 0x7F80) == .infinity)
    let hidden = Float(bitPattern: 0x7F80_0001)  // a NaN whose upper half is that of infinity
    #expect(HalfPrecision.float(bfloat16Bits: HalfPrecision.bfloat16Bits(hidden)).isNaN)
    #expect(HalfPrecision.float(float16Bits: HalfPrecision.float16Bits(hidden)).isNaN)
  }
}
