/// Why a folder of pictures, annotated or not, cannot be used.
public enum DataSetError: Error, Equatable, CustomStringConvertible {
  /// There is nothing at the path.
  case missing(path: String)
  /// There is something else than a folder.
  case notAFolder(path: String)
  /// The folder cannot be read; the system's words.
  case unreadable(path: String, reason: String)
  /// No JPEG is in it or below it.
  case noImages(path: String, otherFiles: Int)
  /// More entries are in it and below it than allowed.
  case tooManyEntries(path: String, limit: Int)
  /// A labelled data set without sub-folders.
  case noClasses(path: String)
  /// A class without a JPEG.
  case emptyClass(name: String, path: String)
  /// Every picture is broken.
  case allBroken(path: String, skipped: SkippedImages)
  /// Fewer usable pictures than needed.
  case tooFew(path: String, expected: Int, found: Int, skipped: SkippedImages)
  /// A number is out of range.
  case value(name: String, expected: String, found: String)
  /// A picture cannot be read: it has changed since the set was opened, or is missing where that is
  /// refused.
  case picture(name: String, reason: String)
  /// A split of an annotated data set is not one file in one of the known layouts.
  case layout(path: String, expected: [String], found: [String])
  /// An annotation cannot be used; `place` is its file, and where in it.
  case annotation(place: String, expected: String, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .missing(let path): "expected a folder of JPEGs at \(path), found nothing"
    case .notAFolder(let path): "expected a folder of JPEGs at \(path), found something else"
    case .unreadable(let path, let reason):
      "expected a folder that can be read at \(path), found: \(reason)"
    case .noImages(let path, let others):
      "expected files that end in .jpg or .jpeg in or below \(path), found \(others) other files"
    case .tooManyEntries(let path, let limit):
      "expected at most \(limit) files and folders in and below \(path), found more"
    case .noClasses(let path): "expected a sub-folder for each class in \(path), found none"
    case .emptyClass(let name, let path):
      "expected JPEGs in the folder of every class of \(path), found none in \(name)"
    case .allBroken(let path, let skipped):
      "expected pictures in \(path), found none that is whole; \(skipped)"
    case .tooFew(let path, let expected, let found, let skipped):
      "expected at least \(expected) pictures in \(path), found \(found); \(skipped)"
    case .value(let name, let expected, let found):
      "expected \(name) \(expected), found \(found)"
    case .picture(let name, let reason): "expected a whole picture in \(name), found: \(reason)"
    case .layout(let path, let expected, let found):
      "expected one of \(expected.joined(separator: ", ")) in \(path), found "
        + (found.isEmpty ? "none" : found.joined(separator: ", "))
    case .annotation(let place, let expected, let found):
      "expected \(expected) in \(place), found \(found)"
    }
  }
}
