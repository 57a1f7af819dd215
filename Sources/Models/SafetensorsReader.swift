import Tensors

/// An open safetensors file. Opening reads and checks the header only; each tensor is read when it
/// is asked for, in pieces of 1 MiB, so memory is bounded by the largest tensor.
///
/// The header is at most `Limits.maximumHeaderBytes` long, begins with `{`, may end with spaces,
/// and has every key once; tensors fill the data without overlap and without hole.
public final class SafetensorsReader: Sendable {
  /// What is refused for its size alone.
  public struct Limits: Sendable {
    /// The header's JSON. A ResNet-50 detector's takes 40 KiB.
    public var maximumHeaderBytes = 4 << 20
    /// The whole file.
    public var maximumFileBytes = 2 << 30

    /// The default limits: 4 MiB of header, 2 GiB of file.
    public init() {}
  }

  /// The file.
  public var path: String { file.path }
  /// The tensors in the order of their bytes.
  public let entries: [SafetensorsEntry]
  /// The header's `__metadata__`.
  public let metadata: [String: String]
  /// The file's size in bytes.
  public var byteCount: Int { file.size }

  private let file: ReadableFile
  private let dataStart: Int
  private let indices: [String: Int]

  /// Opens a file and checks its header.
  /// - Throws: `FileError` where it cannot be read, `SafetensorsError` where it is refused.
  public convenience init(path: String, limits: Limits = Limits()) throws {
    try self.init(file: try ReadableFile(path: path), limits: limits)
  }

  init(file: ReadableFile, limits: Limits = Limits()) throws {
    do {
      let start = try file.bytes(at: 0, count: min(9, file.size))
      if Self.isPickle(start: start, path: file.path) { throw SafetensorsError.Problem.pickle }
      let sizes = 10...limits.maximumFileBytes
      guard sizes.contains(file.size) else {
        throw SafetensorsError.Problem.fileSize(bytes: file.size, expected: sizes)
      }
      let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let limit = min(limits.maximumHeaderBytes, file.size - 8)
      guard length >= 2, length <= UInt64(limit) else {
        throw SafetensorsError.Problem.headerLength(found: length, limit: limit)
      }
      guard start[8] == UInt8(ascii: "{") else {
        throw SafetensorsError.Problem.headerStart(found: start[8])
      }
      dataStart = 8 + Int(length)
      let header = try SafetensorsHeader.parse(
        try file.bytes(at: 8, count: Int(length)), dataBytes: file.size - dataStart)
      entries = header.entries
      metadata = header.metadata
    } catch let problem as SafetensorsError.Problem {
      throw SafetensorsError(path: file.path, problem: problem)
    }
    self.file = file
    indices = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The entry of a name, nil where there is none.
  public func entry(_ name: String) -> SafetensorsEntry? { indices[name].map { entries[$0] } }

  /// Reads a tensor of a floating-point type as f32 (f64 is rounded).
  /// - Parameter allowNonFinite: whether NaN and infinities pass; weights never need them.
  /// - Throws: `SafetensorsError` where it is absent, of another type or not finite, `FileError`
  ///   where the file has become shorter.
  public func tensor(_ name: String, allowNonFinite: Bool = false) throws -> Tensor {
    let entry = try find(name)
    guard entry.type.isFloatingPoint else {
      throw failure(.type(name: name, expected: "F32, F16, BF16 or F64", found: entry.type))
    }
    var values: [Float] = []
    values.reserveCapacity(entry.range.count / entry.type.byteSize)
    try forEachChunk(of: entry) { chunk in
      let start = values.count
      Self.append(chunk, type: entry.type, to: &values)
      if !allowNonFinite, let index = values[start...].firstIndex(where: { !$0.isFinite }) {
        throw failure(.nonFinite(name: name, index: index, value: "\(values[index])"))
      }
    }
    return try Tensor(shape: entry.shape, values: values)
  }

  /// Reads a network's parameter: as `tensor(_:)`, and no variance below 0.
  /// - Throws: As `tensor(_:allowNonFinite:)`, and `ModelError.variance`.
  func parameter(_ name: String) throws -> Tensor {
    let tensor = try tensor(name)
    if name.hasSuffix(".running_var"), let index = tensor.values.firstIndex(where: { $0 < 0 }) {
      throw ModelError.variance(
        path: path, name: name, index: index, found: tensor.values[index])
    }
    return tensor
  }

  /// Reads a tensor of an integer type (or BOOL) as 64-bit integers in row-major order.
  /// - Throws: As `tensor(_:allowNonFinite:)`.
  public func integers(_ name: String) throws -> [Int64] {
    let entry = try find(name)
    var values: [Int64] = []
    guard !entry.type.isFloatingPoint else {
      throw failure(.type(name: name, expected: "an integer type", found: entry.type))
    }
    values.reserveCapacity(entry.range.count / entry.type.byteSize)
    try forEachChunk(of: entry) { chunk in
      let size = entry.type.byteSize
      for offset in stride(from: 0, to: chunk.count, by: size) {
        let bits = chunk[offset..<offset + size].reversed().reduce(Int64(0)) {
          $0 << 8 | Int64($1)
        }
        switch entry.type {
        case .i32: values.append(Int64(Int32(truncatingIfNeeded: bits)))
        case .i16: values.append(Int64(Int16(truncatingIfNeeded: bits)))
        case .i8: values.append(Int64(Int8(truncatingIfNeeded: bits)))
        default: values.append(bits)
        }
      }
    }
    return values
  }

  private func failure(_ problem: SafetensorsError.Problem) -> SafetensorsError {
    SafetensorsError(path: path, problem: problem)
  }

  private func find(_ name: String) throws -> SafetensorsEntry {
    guard let entry = entry(name) else { throw failure(.missing(name: name)) }
    return entry
  }

  private func forEachChunk(
    of entry: SafetensorsEntry, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(1 << 20, entry.range.count), alignment: 8)
    defer { chunk.deallocate() }
    var offset = entry.range.lowerBound
    while offset < entry.range.upperBound {
      let count = min(chunk.count, entry.range.upperBound - offset)
      let piece = UnsafeMutableRawBufferPointer(rebasing: chunk[..<count])
      try file.read(into: piece, at: dataStart + offset)
      try body(UnsafeRawBufferPointer(piece))
      offset += count
    }
  }

  private static func append(
    _ chunk: UnsafeRawBufferPointer, type: ElementType, to values: inout [Float]
  ) {
    switch type {
    case .f32:
      values.append(
        contentsOf: chunk.assumingMemoryBound(to: UInt32.self).lazy.map {
          Float(bitPattern: UInt32(littleEndian: $0))
        })
    case .f64:
      values.append(
        contentsOf: chunk.assumingMemoryBound(to: UInt64.self).lazy.map {
          Float(Double(bitPattern: UInt64(littleEndian: $0)))
        })
    case .f16:
      values.append(
        contentsOf: chunk.assumingMemoryBound(to: UInt16.self).lazy.map {
          HalfPrecision.float(float16Bits: UInt16(littleEndian: $0))
        })
    case .bf16:
      values.append(
        contentsOf: chunk.assumingMemoryBound(to: UInt16.self).lazy.map {
          HalfPrecision.float(bfloat16Bits: UInt16(littleEndian: $0))
        })
    case .i64, .i32, .i16, .i8, .u8, .bool: break
    }
  }

  /// A zip archive (`torch.save`), a pickle, or a name that says so. The first byte alone would
  /// not do: 0x80 0x02 also begins an honest header of 640 bytes.
  private static func isPickle(start: [UInt8], path: String) -> Bool {
    if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return true }
    if start.count == 9, start[8] == UInt8(ascii: "{") { return false }
    if start.count >= 2, start[0] == 0x80, (2...5).contains(start[1]) { return true }
    return [".pth", ".pt", ".pkl", ".ckpt"].contains { path.lowercased().hasSuffix($0) }
  }
}
