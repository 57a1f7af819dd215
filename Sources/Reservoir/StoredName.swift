import Glibc

/// What a kept frame's id and file name say: `20241126T181012345Z_CAMERA_0123456789abcdef`, that is
/// when (UTC, milliseconds), from which camera, and the hash of the JPEG. Ids sort by date.
struct StoredName: Hashable, Sendable {
  /// Milliseconds since 1970.
  let milliseconds: Int64
  /// The camera's name as far as a file name can hold it.
  let camera: String
  /// 64-bit FNV-1a of the file's bytes: tells damaged files, not forged ones.
  let hash: UInt64

  /// Milliseconds of the years 1970 to 9999, whose dates have the same number of digits.
  static let range: ClosedRange<Int64> = 0...253_402_300_799_999
  private static let maximumCameraLength = 64
  private static let dateLength = 19
  private static let hashLength = 16

  init(milliseconds: Int64, camera: String, hash: UInt64) {
    self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
    self.camera = Self.sanitised(camera)
    self.hash = hash
  }

  /// The name without extension.
  var id: String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func digits(_ value: some BinaryInteger, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
    let date =
      digits(parts.tm_year + 1900, 4) + digits(parts.tm_mon + 1, 2) + digits(parts.tm_mday, 2)
      + "T" + digits(parts.tm_hour, 2) + digits(parts.tm_min, 2) + digits(parts.tm_sec, 2)
      + digits(milliseconds % 1000, 3) + "Z"
    let hex = String(hash, radix: 16)
    return date + "_" + camera + "_" + String(repeating: "0", count: 16 - hex.count) + hex
  }

  /// Reads an id; nil for anything that `id` would not have written.
  init?(id: String) {
    let bytes = Array(id.utf8)
    let cameraStart = Self.dateLength + 1
    let hashStart = bytes.count - Self.hashLength
    guard hashStart - 1 > cameraStart, hashStart - 1 - cameraStart <= Self.maximumCameraLength,
      let hash = UInt64(String(decoding: bytes[hashStart...], as: UTF8.self), radix: 16),
      let milliseconds = Self.milliseconds(bytes[..<Self.dateLength])
    else { return nil }
    let camera = String(decoding: bytes[cameraStart..<(hashStart - 1)], as: UTF8.self)
    self.init(milliseconds: milliseconds, camera: camera, hash: hash)
    guard self.id == id else { return nil }
  }

  private static func milliseconds(_ bytes: ArraySlice<UInt8>) -> Int64? {
    func number(_ range: Range<Int>) -> Int32? {
      Int32(String(decoding: bytes[range], as: UTF8.self))
    }
    guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
      let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
      let rest = number(15..<18), rest >= 0
    else { return nil }
    var parts = tm()
    parts.tm_year = year - 1900
    parts.tm_mon = month - 1
    parts.tm_mday = day
    parts.tm_hour = hour
    parts.tm_min = minute
    parts.tm_sec = second
    let seconds = Int64(timegm(&parts))
    let result = seconds * 1000 + Int64(rest)
    return range.contains(result) ? result : nil
  }

  /// Letters, digits, `-`, `_` and `.`, at most 64 of them. A name that had to be changed gets a hash,
  /// so that two cameras never become one.
  static func sanitised(_ camera: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    let bytes = camera.utf8
    if !bytes.isEmpty, bytes.count <= maximumCameraLength, bytes.allSatisfy(isPlain) {
      return camera
    }
    let hex = String(UInt32(truncatingIfNeeded: fnv1a(bytes)), radix: 16)
    let plain = bytes.prefix(maximumCameraLength - 9).map { isPlain($0) ? $0 : UInt8(ascii: "-") }
    return String(decoding: plain, as: UTF8.self) + "-"
      + String(repeating: "0", count: 8 - hex.count)
      + hex
  }
}

/// 64-bit FNV-1a (Fowler, Noll and Vo).
func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
