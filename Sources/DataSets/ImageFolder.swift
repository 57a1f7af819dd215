import Frames
import Tensors

/// The JPEGs in and below a folder, in the order of their paths' bytes. Only names and sizes are read.
///
/// Hidden files and folders are left out. Links are followed, and every folder is entered once only.
public struct ImageFolder: Sendable, Hashable {
  /// The folder as it was given.
  public let path: String
  /// The JPEGs, by their names: `.jpg` and `.jpeg` in any case.
  public let files: [ImageFile]
  /// What could not be listed: sub-folders that cannot be read, links that lead nowhere.
  public let skipped: SkippedImages

  /// Files and folders that are looked at before listing is given up.
  public static let defaultLimit = 1_000_000

  /// Lists a folder.
  /// - Parameter limit: how many files and folders of any kind are looked at.
  /// - Throws: `DataSetError`: `missing`, `notAFolder`, `unreadable`, `tooManyEntries`, `noImages`.
  public init(_ path: String, limit: Int = defaultLimit) throws {
    let scan = try FolderScan(path, limit: limit)
    guard !scan.files.isEmpty else {
      throw DataSetError.noImages(path: path, otherFiles: scan.otherFiles + scan.skipped.count)
    }
    self.init(path: path, files: scan.files, skipped: scan.skipped)
  }

  init(path: String, files: [ImageFile], skipped: SkippedImages) {
    self.path = path
    self.files = files
    self.skipped = skipped
  }

  /// The number of files.
  public var count: Int { files.count }

  /// What tells this data set from another.
  public var fingerprint: DataSetFingerprint { DataSetFingerprint(files) }

  /// Where a file is.
  public func path(of file: ImageFile) -> String { "\(path)/\(file.name)" }

  /// Reads one picture as it is.
  /// - Throws: `JPEGError` where it is broken, `DataSetError.picture` where it cannot be read.
  public func image(_ file: ImageFile, limits: JPEGLimits = JPEGLimits()) throws -> Image {
    try Self.image(at: path(of: file), name: file.name, limits: limits)
  }

  /// Reads a picture by its path.
  /// - Throws: `JPEGError` where it is broken, `DataSetError.picture` where it cannot be read.
  public static func image(at path: String, limits: JPEGLimits = JPEGLimits()) throws -> Image {
    try image(at: path, name: path, limits: limits)
  }

  private static func image(at path: String, name: String, limits: JPEGLimits) throws -> Image {
    do {
      return try PictureFile.read(path, limits: limits)
    } catch let error as PictureFileError {
      throw DataSetError.picture(name: name, reason: "\(error)")
    }
  }

  /// Some of the files in random order, each at most once. A smaller sample with the same seed is the
  /// beginning of a larger one.
  /// - Throws: `DataSetError.value` where `count` is not in `1...self.count`.
  public func sample(count: Int, seed: UInt64) throws -> ImageFolder {
    guard (1...self.count).contains(count) else {
      throw DataSetError.value(
        name: "a sample", expected: "of 1 to \(self.count) pictures", found: "\(count)")
    }
    var random = SeededRandom(seed, Sampling.stream)
    let chosen = random.permutation(self.count).prefix(count)
    return ImageFolder(path: path, files: chosen.map { files[$0] }, skipped: skipped)
  }

  /// The files with certain names, in their order.
  public func keeping(_ names: Set<String>) -> ImageFolder {
    ImageFolder(path: path, files: files.filter { names.contains($0.name) }, skipped: skipped)
  }

  /// A share of the files in random order, rounded to whole files, at least one.
  /// - Throws: `DataSetError.value` where `fraction` is not above 0 and at most 1.
  public func sample(fraction: Double, seed: UInt64) throws -> ImageFolder {
    try sample(count: try Sampling.count(fraction, of: count), seed: seed)
  }
}

enum Sampling {
  /// Keeps the draws apart from those that others make from the same seed.
  static let stream: UInt64 = 0x7361_6d70_6c65

  static func count(_ fraction: Double, of count: Int) throws -> Int {
    guard fraction > 0, fraction <= 1 else {
      throw DataSetError.value(
        name: "a fraction", expected: "above 0 and at most 1", found: "\(fraction)")
    }
    return max(Int((fraction * Double(count)).rounded()), 1)
  }
}
