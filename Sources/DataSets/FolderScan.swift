import Foundation

/// A file of a data set.
public struct ImageFile: Sendable, Hashable {
  /// Its path below the data set's folder, parts separated by `/`.
  public let name: String
  /// Its size in bytes when the folder was listed.
  public let byteCount: Int

  /// A file.
  public init(name: String, byteCount: Int) {
    self.name = name
    self.byteCount = byteCount
  }
}

/// Walks through a folder and those below it.
///
/// Links are followed, but every folder is entered once only, however many ways lead there: a link
/// to a folder above ends the walk there instead of leading around for ever.
struct FolderScan {
  /// Deeper folders are left out: nobody keeps pictures there, and paths have an end.
  static let maximumDepth = 64

  private(set) var files: [ImageFile] = []
  /// Immediate sub-folders of the root, hidden ones left out.
  private(set) var folders: [String] = []
  private(set) var otherFiles = 0
  private(set) var skipped = SkippedImages()

  private let root: String
  private let limit: Int
  private var entries = 0
  private var entered: Set<Identity> = []

  /// What tells two folders apart, whatever path leads to them.
  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
    }
  }

  /// - Parameters:
  ///   - limit: entries of any kind, `1...` .
  ///   - isDeep: whether sub-folders are entered.
  /// - Throws: `DataSetError`.
  init(_ path: String, limit: Int, isDeep: Bool = true) throws {
    guard limit >= 1 else {
      throw DataSetError.value(name: "limit", expected: "of at least 1", found: "\(limit)")
    }
    root = path
    self.limit = limit
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      throw code == ENOENT
        ? DataSetError.missing(path: path)
        : DataSetError.unreadable(path: path, reason: String(cString: strerror(code)))
    }
    guard Self.isFolder(status) else { throw DataSetError.notAFolder(path: path) }
    entered.insert(Identity(status))
    try walk("", depth: 0, isDeep: isDeep)
    files.sort { Self.comesBefore($0.name, $1.name) }
    folders.sort(by: Self.comesBefore)
  }

  /// By bytes: the same order on every machine and in every language.
  static func comesBefore(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
  }

  private static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

  private mutating func walk(_ folder: String, depth: Int, isDeep: Bool) throws {
    let names: [String]
    do {
      names = try list(folder)
    } catch let error as DataSetError {
      // The folder itself has to be readable; one of many below it may belong to someone else.
      guard case .unreadable(_, let reason) = error, depth > 0 else { throw error }
      skipped.add(name: folder, reason: reason)
      return
    }
    for name in names {
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var status = stat()
      guard stat("\(root)/\(path)", &status) == 0 else {
        let reason = String(cString: strerror(errno))
        if Self.isPicture(name) { skipped.add(name: path, reason: reason) } else { otherFiles += 1 }
        continue
      }
      if Self.isFolder(status) {
        if depth == 0 { folders.append(name) }
        guard isDeep, entered.insert(Identity(status)).inserted else { continue }
        if depth + 1 > Self.maximumDepth {
          skipped.add(name: path, reason: "more than \(Self.maximumDepth) folders deep")
        } else {
          try walk(path, depth: depth + 1, isDeep: true)
        }
      } else if Self.isPicture(name), status.st_mode & S_IFMT == S_IFREG {
        files.append(ImageFile(name: path, byteCount: Int(status.st_size)))
      } else {
        otherFiles += 1
      }
    }
  }

  private static func isPicture(_ name: String) -> Bool {
    let lower = name.lowercased()
    return lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg")
  }

  /// The names in a folder, sorted; hidden ones left out. Names that are not UTF-8 cannot be opened
  /// by name and count as other files.
  private mutating func list(_ folder: String) throws -> [String] {
    let path = folder.isEmpty ? root : "\(root)/\(folder)"
    guard let stream = opendir(path) else {
      throw DataSetError.unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 } }
      guard bytes.first != UInt8(ascii: ".") else { continue }
      entries += 1
      guard entries <= limit else {
        throw DataSetError.tooManyEntries(path: root, limit: limit)
      }
      if let name = String(validating: bytes, as: UTF8.self) {
        names.append(name)
      } else {
        otherFiles += 1
      }
    }
    return names.sorted(by: Self.comesBefore)
  }
}
