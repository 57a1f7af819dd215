/// Conversions between f32 and the two 16-bit formats, by bits, so that every processor and every
/// backend rounds alike: to nearest, ties to even.
public enum HalfPrecision {
  /// The bits of the bf16 nearest to a value. A NaN stays a NaN, with its quiet bit set.
  public static func bfloat16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x0040 }
    // Adding just under half of the last kept bit, and that bit itself, rounds ties to even; the
    // carry runs into the exponent where it should, up to infinity.
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }

  /// The value of a bf16, exactly.
  @inlinable
  public static func float(bfloat16Bits bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// The bits of the f16 nearest to a value: infinity from 65520 on, subnormals kept.
  public static func float16Bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 {  // NaN: the upper bits of its payload, and quiet.
      return sign | 0x7E00 | UInt16(truncatingIfNeeded: (magnitude >> 13) & 0x01FF)
    }
    if magnitude >= 0x4780_0000 { return sign | 0x7C00 }  // 65536 and beyond, infinity
    if magnitude >= 0x3880_0000 {  // normal in f16; a carry may run up to infinity
      let rounded = magnitude &+ 0x0FFF &+ ((magnitude >> 13) & 1)
      return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
    }
    if magnitude < 0x3300_0000 { return sign }  // below half of the smallest subnormal
    let shift = 126 &- (magnitude >> 23)  // 14...24
    let mantissa = (magnitude & 0x007F_FFFF) | 0x0080_0000
    let half: UInt32 = 1 << (shift &- 1)
    let remainder = mantissa & ((half << 1) &- 1)
    var result = mantissa >> shift
    if remainder > half || (remainder == half && result & 1 == 1) { result &+= 1 }
    return sign | UInt16(truncatingIfNeeded: result)
  }

  /// The value of an f16, exactly.
  public static func float(float16Bits bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let mantissa = UInt32(bits & 0x03FF)
    switch exponent {
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | (mantissa << 13))
    case 0:
      let magnitude = Float(mantissa) * 0x1p-24  // exact: at most 10 significant bits
      return Float(bitPattern: sign | magnitude.bitPattern)
    default: return Float(bitPattern: sign | ((exponent + 112) << 23) | (mantissa << 13))
    }
  }
}
