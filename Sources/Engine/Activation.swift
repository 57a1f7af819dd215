import CKernels

/// The shape of an activation; in memory it is NHWC, channels contiguous.
public struct ActivationShape: Sendable, Hashable, CustomStringConvertible {
  /// Pictures (or regions), rows, columns, channels.
  public var batch, height, width, channels: Int

  /// A shape.
  public init(batch: Int, height: Int, width: Int, channels: Int) {
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// The number of values.
  public var count: Int { batch * height * width * channels }
  /// Values of one picture.
  public var features: Int { height * width * channels }
  /// `batch×height×width×channels`.
  public var description: String { "\(batch)×\(height)×\(width)×\(channels)" }
}

/// An activation in a plan's memory, valid until the plan runs again.
public struct Activation {
  /// Its shape.
  public let shape: ActivationShape
  /// The format of its values.
  public let precision: Precision
  /// `shape.count × precision.bytes` bytes.
  public let bytes: UnsafeMutableRawBufferPointer

  /// The values in place.
  /// - Throws: `EngineError.shape` where they are not f32.
  public var f32: UnsafeMutableBufferPointer<Float> {
    get throws {
      guard precision == .f32 else {
        throw EngineError.shape(
          operation: "activation", expected: "f32 values", found: precision.rawValue)
      }
      return bytes.bindMemory(to: Float.self)
    }
  }

  /// The values in f32, copied.
  public func floats() -> [Float] {
    switch precision {
    case .f32: return Array(bytes.bindMemory(to: Float.self))
    case .bf16: return bytes.bindMemory(to: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    }
  }

  /// Copies the first f32 values in, rounded to the activation's precision. More values than it has
  /// are a programming error.
  public func write(_ values: UnsafeBufferPointer<Float>) {
    precondition(values.count <= shape.count, "more values than the activation has")
    switch precision {
    case .f32: bytes.copyMemory(from: UnsafeRawBufferPointer(values))
    case .bf16:
      cs_f32_to_bf16(
        values.baseAddress, bytes.bindMemory(to: UInt16.self).baseAddress, values.count)
    }
  }

  /// Copies the first values out in f32. Asking for more than it has is a programming error.
  public func read(into values: UnsafeMutableBufferPointer<Float>) {
    precondition(values.count <= shape.count, "more values than the activation has")
    switch precision {
    case .f32:
      UnsafeMutableRawBufferPointer(values).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<(values.count * 4)]))
    case .bf16:
      cs_bf16_to_f32(
        bytes.bindMemory(to: UInt16.self).baseAddress, values.baseAddress, values.count)
    }
  }

  /// Copies f32 values in, rounded to the activation's precision.
  /// - Throws: `EngineError.shape` where the count differs.
  public func write(_ values: [Float]) throws {
    guard values.count == shape.count else {
      throw EngineError.shape(
        operation: "input", expected: "\(shape.count) values for \(shape)",
        found: "\(values.count)")
    }
    values.withUnsafeBufferPointer { write($0) }
  }
}
