import Foundation

/// A frame that a reservoir holds.
public struct ReservoirEntry: Sendable, Hashable, Identifiable {
  /// Its name, without extension; sorts by date.
  public let id: String
  /// The camera's name. Names that are not 1 to 64 letters, digits, `-`, `_` or `.` are changed so that
  /// they are, with a hash of the original behind.
  public var camera: String { name.camera }
  /// When it was captured, to the millisecond.
  public let date: Date
  /// The size of the JPEG.
  public let bytes: Int
  /// The JPEG; nil where the reservoir is in memory.
  public let url: URL?

  let name: StoredName

  init(name: StoredName, bytes: Int, directory: String?) {
    id = name.id
    date = Date(timeIntervalSince1970: Double(name.milliseconds) / 1000)
    self.bytes = bytes
    url = directory.map {
      // Told that it is no folder, `URL` does not look.
      URL(fileURLWithPath: "\($0)/\(name.id).\(Self.fileExtension)", isDirectory: false)
    }
    self.name = name
  }

  static let fileExtension = "jpg"

  /// The hour since 1970, in UTC.
  var hour: Int64 { name.milliseconds / 3_600_000 }
}
