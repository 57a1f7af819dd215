import Foundation

/// The path of the local Unix socket before it is listened at.
enum LocalSocket {
  /// Makes the folder, and takes away what a daemon that crashed has left.
  /// - Throws: `PublisherError` where another daemon listens, or where the path cannot be used.
  static func prepare(_ path: String) throws {
    guard path.utf8.count <= 107 else {
      throw PublisherError.socket(
        path: path, reason: "a path of \(path.utf8.count) bytes where 107 are the most")
    }
    do {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o750])
    } catch {
      throw PublisherError.socket(path: path, reason: error.localizedDescription)
    }
    var information = stat()
    guard lstat(path, &information) == 0 else { return }
    guard information.st_mode & S_IFMT == S_IFSOCK else {
      throw PublisherError.socket(path: path, reason: "another kind of file there")
    }
    if isListenedAt(path) { throw PublisherError.socketInUse(path) }
    unlink(path)
  }

  private static func isListenedAt(_ path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      bytes.copyBytes(from: Array(path.utf8.prefix(bytes.count - 1)))
    }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }
}
