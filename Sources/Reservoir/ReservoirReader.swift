import Frames
import Glibc

/// Looks at the folder of a reservoir that another process keeps, and writes nothing.
///
/// What is listed may have had to go by the time it is read; that is ``ReservoirError/unknown(id:)``,
/// and the next frame can be read all the same.
public struct ReservoirReader: Sendable {
  /// The folder, without a slash at its end.
  public let directory: String

  /// A reader of a folder that exists.
  /// - Throws: `ReservoirError.folder` where there is something else, or a link.
  public init(directory: String) throws(ReservoirError) {
    let path = ReservoirFolder.withoutSlash(directory)
    var status = stat()
    guard lstat(path, &status) == 0 else {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw .folder(path: path, reason: "something else than a folder")
    }
    self.directory = path
  }

  /// The frames that are held now, oldest first, by their files' names alone.
  /// - Throws: `ReservoirError.folder` where the folder cannot be listed.
  public func snapshot() throws(ReservoirError) -> [ReservoirEntry] {
    try FolderListing(path: directory).entries
  }

  /// The JPEG of a frame, whose bytes are those that were written.
  /// - Throws: `ReservoirError`: `unknown` where it is gone, `damaged`, `file`.
  public func jpeg(_ entry: ReservoirEntry) throws(ReservoirError) -> [UInt8] {
    try StoredFrame.jpeg(entry)
  }

  /// The picture of a frame, decoded within `JPEGLimits`' defaults.
  /// - Throws: `ReservoirError`: `unknown` where it is gone, `damaged`, `file`.
  public func image(_ entry: ReservoirEntry) throws(ReservoirError) -> Image {
    try StoredFrame.image(try StoredFrame.jpeg(entry), id: entry.id)
  }
}
