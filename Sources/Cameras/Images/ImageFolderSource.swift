import Foundation
import Frames

/// The JPEGs of a folder in the order of their names, at a rate.
public struct ImageFolderSource: CameraSource {
  /// The address as written in the configuration.
  public let address: String
  /// The folder.
  public let folder: String
  /// Pictures per second; 0: as fast as they are asked for.
  public let framesPerSecond: Double
  /// Whether the folder begins again after its last picture.
  public let loops: Bool

  /// A folder.
  public init(address: String, folder: String, framesPerSecond: Double, loops: Bool = true) {
    self.address = address
    self.folder = folder
    self.framesPerSecond = framesPerSecond
    self.loops = loops
  }

  /// Lists the folder and reads its first picture.
  /// - Throws: `CameraError`.
  public func open() throws -> any CameraSession {
    try ImageFolderSession(self, files: try files())
  }

  private func files() throws -> [String] {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw CameraError.system(call: "open", path: folder, code: ENOENT)
    }
    guard isFolder.boolValue else {
      throw CameraError.unsuitable(
        path: folder, expected: "a folder of JPEGs", found: "a file (mjpeg: reads files)")
    }
    let names: [String]
    do {
      names = try manager.contentsOfDirectory(atPath: folder)
    } catch {
      throw CameraError.unsuitable(
        path: folder, expected: "a folder that can be read", found: error.localizedDescription)
    }
    let pictures = names.filter {
      let name = $0.lowercased()
      return !name.hasPrefix(".") && (name.hasSuffix(".jpg") || name.hasSuffix(".jpeg"))
    }
    guard !pictures.isEmpty else {
      throw CameraError.unsuitable(
        path: folder, expected: "files that end in .jpg or .jpeg",
        found: "\(names.count) other files")
    }
    return pictures.sorted().map { (folder as NSString).appendingPathComponent($0) }
  }
}

/// A folder that is shown.
final class ImageFolderSession: CameraSession {
  private(set) var mode: CameraMode
  var refusals: [String: UInt64] { counter.counts }

  private let folder: String
  private let files: [String]
  private let loops: Bool
  private var pacer: Pacer
  private var counter = RefusalCounter()
  private var index = 0
  private var first: CapturedPicture?

  init(_ source: ImageFolderSource, files: [String]) throws {
    folder = source.folder
    self.files = files
    loops = source.loops
    pacer = Pacer(framesPerSecond: source.framesPerSecond)
    mode = CameraMode(
      width: 0, height: 0, framesPerSecond: source.framesPerSecond, format: "MJPEG")
    let picture = try nextPicture()
    mode.update(from: picture)
    first = picture
  }

  func next(timeout: Duration) throws -> CapturedPicture? {
    guard pacer.wait(timeout: timeout) else { return nil }
    let missed = pacer.take(at: .now)
    if var picture = first {
      first = nil
      picture.captured = .now
      picture.date = Date()
      return picture
    }
    // What nobody fetched in time is passed over unread, as a camera would.
    let passed = loops ? missed : min(missed, files.count - index)
    index = loops ? (index + passed) % files.count : index + passed
    counter.add("overtaken", passed)
    let picture = try nextPicture()
    mode.update(from: picture)
    return picture
  }

  func close() {}

  /// The next file that is a JPEG.
  /// - Throws: `CameraError.ended` after the last file, `CameraError.lost` where no file is one.
  private func nextPicture() throws -> CapturedPicture {
    for _ in 0..<files.count {
      if index == files.count {
        guard loops else { break }
        index = 0
      }
      let path = files[index]
      index += 1
      do {
        return try MJPEGPicture.make(try Self.read(path))
      } catch let error as JPEGError {
        counter.add(error.reason)
      } catch {
        counter.add("unreadable")
      }
    }
    if !loops, index == files.count { throw CameraError.ended(folder) }
    throw CameraError.lost("none of the \(files.count) files in \(folder) is a JPEG")
  }

  private static func read(_ path: String) throws -> [UInt8] {
    let input = try ByteInput(path: path)
    defer { input.close() }
    guard input.isPaced else {
      throw CameraError.unsuitable(path: path, expected: "a regular file", found: "another kind")
    }
    let limit = JPEGLimits().bytes
    var bytes: [UInt8] = []
    while let count = try input.read({ bytes.append(contentsOf: $0) }), count > 0 {
      if bytes.count > limit { throw JPEGError.tooManyBytes(found: bytes.count, limit: limit) }
    }
    return bytes
  }
}
