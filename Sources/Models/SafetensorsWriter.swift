import Tensors

/// Writes safetensors files: the same tensors give the same bytes, and the file appears whole or
/// not at all.
public enum SafetensorsWriter {
  /// One tensor to write. `load` is called once, when its turn comes, so that memory holds one
  /// tensor at a time.
  public struct Item {
    /// Its name.
    public var name: String
    /// The type to write: F32, F16, BF16 or F64.
    public var type: ElementType
    /// The shape that `load` will return.
    public var shape: [Int]
    /// Gives the values.
    public var load: () throws -> Tensor

    /// A tensor that is loaded when its turn comes.
    public init(
      name: String, type: ElementType, shape: [Int], load: @escaping () throws -> Tensor
    ) {
      self.name = name
      self.type = type
      self.shape = shape
      self.load = load
    }

    /// Gives the values of a tensor of integers instead.
    var loadIntegers: (() throws -> [Int64])?

    /// A tensor of integers, such as the counters of batch normalisation, or of booleans.
    /// - Parameter integers: gives the values in row-major order, called when their turn comes.
    public init(
      name: String, type: ElementType, shape: [Int], integers: @escaping () throws -> [Int64]
    ) {
      self.init(name: name, type: type, shape: shape) { try Tensor(shape: shape) }
      loadIntegers = integers
    }

    /// A tensor in memory.
    public init(name: String, tensor: Tensor, type: ElementType = .f32) {
      self.init(name: name, type: type, shape: tensor.shape) { tensor }
    }
  }

  /// Writes a file: tensors with the widest elements first, then by name, so that each begins at
  /// a multiple of its element's size.
  /// - Parameter allowNonFinite: whether NaN and infinities are written; rounding a large value
  ///   to f16 can make one.
  /// - Throws: `SafetensorsError` where the tensors do not fit the format or are not finite,
  ///   `FileError` where the file cannot be written, and what `load` throws.
  public static func write(
    _ items: [Item], to path: String, metadata: [String: String] = [:],
    allowNonFinite: Bool = false
  ) throws {
    func failure(_ problem: SafetensorsError.Problem) -> SafetensorsError {
      SafetensorsError(path: path, problem: problem)
    }
    let items = items.sorted { ($1.type.byteSize, $0.name) < ($0.type.byteSize, $1.name) }
    let header: [UInt8]
    do throws(SafetensorsError.Problem) {
      header = try Self.header(items, metadata: metadata)
    } catch {
      throw failure(error)
    }
    let file = try AtomicFile(path: path)
    try file.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try file.write(header)
    for item in items {
      if let integers = item.loadIntegers {
        try file.write(Self.bytes(integers(), of: item, failure))
        continue
      }
      let tensor = try item.load()
      guard tensor.shape == item.shape else {
        throw failure(
          .unwritable(name: item.name, reason: "expected \(item.shape), got \(tensor.shape)"))
      }
      for start in stride(from: 0, to: tensor.values.count, by: 1 << 18) {
        let piece = tensor.values[start..<min(start + 1 << 18, tensor.values.count)]
        let bytes = Self.bytes(piece, type: item.type)
        if !allowNonFinite, let index = nonFinite(bytes, type: item.type) {
          throw failure(
            .nonFinite(
              name: item.name, index: start + index,
              value: "\(tensor.values[start + index]) as \(item.type.rawValue)"))
        }
        try file.write(bytes)
      }
    }
    try file.commit()
  }

  private static func header(
    _ items: [Item], metadata: [String: String]
  ) throws(SafetensorsError.Problem) -> [UInt8] {
    var members: [JSONMember] = []
    if !metadata.isEmpty {
      members.append(
        JSONMember(
          "__metadata__",
          .object(
            metadata.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })))
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for item in items {
      guard names.insert(item.name).inserted else {
        throw .unwritable(name: item.name, reason: "the name is taken")
      }
      guard item.name.utf8.count <= SafetensorsHeader.maximumNameLength,
        item.shape.count <= SafetensorsHeader.maximumRank
      else { throw .unwritable(name: item.name, reason: "the name or the shape is too long") }
      guard item.type.isFloatingPoint == (item.loadIntegers == nil) else {
        throw .unwritable(name: item.name, reason: "\(item.type.rawValue) does not hold its values")
      }
      guard let count = try? Tensor.count(of: item.shape) else {
        throw .overflow(name: item.name, shape: item.shape)
      }
      let (size, overflow) = count.multipliedReportingOverflow(by: item.type.byteSize)
      let (end, carry) = offset.addingReportingOverflow(size)
      guard !overflow, !carry else { throw .overflow(name: item.name, shape: item.shape) }
      members.append(
        JSONMember(
          item.name,
          .object([
            JSONMember("dtype", .string(item.type.rawValue)),
            JSONMember("shape", .array(item.shape.map { .integer($0) })),
            JSONMember("data_offsets", .array([.integer(offset), .integer(end)])),
          ])))
      offset = end
    }
    var text = Array(JSONValue.object(members).compactText.utf8)
    // Spaces, so that the data begins at a multiple of 8.
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    return text
  }

  private static func bytes(
    _ values: [Int64], of item: Item, _ failure: (SafetensorsError.Problem) -> SafetensorsError
  ) throws -> [UInt8] {
    guard values.count == (try? Tensor.count(of: item.shape)) else {
      throw failure(
        .unwritable(
          name: item.name, reason: "expected \(item.shape), got \(values.count) integers"))
    }
    return values.flatMap { value in
      (0..<item.type.byteSize).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
  }

  private static func bytes(_ values: ArraySlice<Float>, type: ElementType) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * type.byteSize)
    func append<Bits: FixedWidthInteger>(_ bits: Bits) {
      withUnsafeBytes(of: bits.littleEndian) { bytes.append(contentsOf: $0) }
    }
    switch type {
    case .f16: for value in values { append(HalfPrecision.float16Bits(value)) }
    case .bf16: for value in values { append(HalfPrecision.bfloat16Bits(value)) }
    case .f64: for value in values { append(Double(value).bitPattern) }
    default: for value in values { append(value.bitPattern) }
    }
    return bytes
  }

  /// The index of the first element, as written, whose exponent is all ones.
  private static func nonFinite(_ bytes: [UInt8], type: ElementType) -> Int? {
    let size = type.byteSize
    let mask: (UInt8, UInt8) =
      switch type {
      case .f16: (0x7C, 0)
      case .f64: (0x7F, 0xF0)
      default: (0x7F, 0x80)
      }
    return stride(from: size - 1, to: bytes.count, by: size).first {
      bytes[$0] & mask.0 == mask.0 && bytes[$0 - 1] & mask.1 == mask.1
    }.map { $0 / size }
  }
}
