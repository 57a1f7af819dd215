/// What tells one data set from another at no cost: for reports, and to notice when work is resumed
/// with other data. Not a proof: files of the same name and size with other content go unnoticed.
public struct DataSetFingerprint: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The number of files.
  public let count: Int
  /// The sum of the files' sizes.
  public let byteCount: Int
  /// 64-bit FNV-1a of the sorted names, a zero byte after each.
  public let names: UInt64

  /// The fingerprint of files in any order.
  public init(_ files: [ImageFile]) {
    count = files.count
    byteCount = files.reduce(0) { $0 &+ $1.byteCount }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for name in files.map(\.name).sorted(by: FolderScan.comesBefore) {
      for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = hash &* 0x100_0000_01b3
    }
    names = hash
  }

  /// One line, such as `2500 files, 2117734 bytes, names 0123456789abcdef`.
  public var description: String {
    let digits = String(names, radix: 16)
    let padded = String(repeating: "0", count: 16 - digits.count) + digits
    return "\(count) files, \(byteCount) bytes, names \(padded)"
  }
}
