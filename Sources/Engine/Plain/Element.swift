import Tensors

/// A number format of activations, for kernels written once for both.
protocol Element {
  var float: Float { get }
  init(rounding value: Float)
}

extension Float: Element {
  var float: Float { self }
  init(rounding value: Float) { self = value }
}

/// A bf16 by its bits.
struct BFloat16: Element {
  var bits: UInt16

  @inline(__always) var float: Float { Float(bitPattern: UInt32(bits) << 16) }

  @inline(__always) init(rounding value: Float) { bits = HalfPrecision.bfloat16Bits(value) }
}

/// A kernel that is loops in Swift.
protocol PlainKernel: Kernel {}

extension PlainKernel {
  var implementation: String { "plain" }
}
