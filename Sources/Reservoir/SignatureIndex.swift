/// Signatures of kept frames in one small file, so that opening a reservoir decodes nothing.
///
/// A convenience: where the file is missing, damaged or of another version nothing is read, and what
/// it does not know is computed from the frames. Frames are named by their bytes' hash, so that what
/// it does know cannot be out of date.
///
/// Layout, little endian: `CSRSIG01`, the number of frames (u32), for each its hash (u64) and its
/// 256 bytes, at the end the 64-bit FNV-1a of all before.
enum SignatureIndex {
  private static let magic = Array("CSRSIG01".utf8)
  private static let recordLength = 8 + FrameSignature.count
  private static let headerLength = magic.count + 4
  /// Bytes of the largest index.
  static let maximumBytes = headerLength + ReservoirOptions.frameLimit * recordLength + 8

  /// The bytes of an index of at most as many frames as a reservoir can hold.
  static func encoded(_ signatures: [(hash: UInt64, signature: FrameSignature)]) -> [UInt8] {
    let signatures = signatures.prefix(ReservoirOptions.frameLimit)
    var bytes = magic
    bytes.reserveCapacity(headerLength + signatures.count * recordLength + 8)
    append(UInt32(signatures.count), to: &bytes)
    for (hash, signature) in signatures {
      append(hash, to: &bytes)
      bytes += signature.cells.lazy.map { UInt8(bitPattern: $0) }
    }
    append(fnv1a(bytes), to: &bytes)
    return bytes
  }

  /// The signatures in an index; none where anything is wrong with it.
  static func decoded(_ bytes: [UInt8]) -> [UInt64: FrameSignature] {
    guard bytes.count >= headerLength + 8, bytes.count <= maximumBytes, bytes.starts(with: magic)
    else { return [:] }
    let count = Int(integer(bytes[magic.count..<headerLength], as: UInt32.self))
    guard bytes.count == headerLength + count * recordLength + 8,
      integer(bytes.suffix(8), as: UInt64.self) == fnv1a(bytes.dropLast(8))
    else { return [:] }
    var result: [UInt64: FrameSignature] = [:]
    for record in 0..<count {
      let start = headerLength + record * recordLength
      let hash = integer(bytes[start..<(start + 8)], as: UInt64.self)
      result[hash] = FrameSignature(bytes[(start + 8)..<(start + recordLength)])
    }
    return result
  }

  private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  private static func integer<Value: FixedWidthInteger>(
    _ bytes: some BidirectionalCollection<UInt8>, as type: Value.Type
  ) -> Value {
    bytes.reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }
}
