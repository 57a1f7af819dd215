import Foundation

/// Files that annotations name.
enum AnnotationFiles {
  /// Bytes of a name; Linux' limit for a path is 4096.
  static let maximumNameLength = 1024

  /// A name that stays below the folder it is appended to; nil for others: absolute ones, those with
  /// `.`, `..` or nothing between two `/`, and those that no file can have.
  static func safeName(_ name: String) -> String? {
    guard name.utf8.count <= maximumNameLength, !name.utf8.contains(0) else { return nil }
    // By bytes: a combining mark after a slash would hide it from characters.
    let parts = name.utf8.split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let dot = UInt8(ascii: ".")
    let isSafe = parts.allSatisfy {
      !$0.isEmpty && !$0.elementsEqual([dot]) && !$0.elementsEqual([dot, dot])
    }
    return isSafe ? name : nil
  }

  /// The first of some names below a folder that is a regular file.
  static func first(of names: [String], in folder: String) -> ImageFile? {
    for name in names {
      var status = stat()
      guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      return ImageFile(name: name, byteCount: Int(status.st_size))
    }
    return nil
  }

  /// The bytes of a file.
  static func read(_ path: String, limit: Int) throws(AnnotationFault) -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try PictureFile.bytes(path, limit: limit)
    } catch let error as PictureFileError {
      throw AnnotationFault(
        expected: "a file that can be read", found: String(cString: strerror(error.code)))
    } catch {
      throw AnnotationFault(expected: "a file that can be read", found: "\(error)")
    }
    guard bytes.count <= limit else {
      throw AnnotationFault(expected: "at most \(limit) bytes", found: "more")
    }
    return bytes
  }

  /// Text from outside for a message: shortened, with control characters spelled out.
  static func quoted(_ text: String) -> String {
    let shown = String(text.prefix(80))
    return shown.debugDescription + (shown.utf8.count < text.utf8.count ? "…" : "")
  }
}
