import Foundation

/// How the files of an annotated data set lie. Names are below the data set's folder.
enum AnnotationLayout: Equatable {
  /// PASCAL VOC's, with the list of a split.
  case voc(list: String)
  /// COCO's, with the file of a split.
  case coco(file: String)

  /// Finds the layout by the file that stands for the split.
  /// - Throws: `DataSetError`: `value` for a split that is not part of a file's name, `missing`,
  ///   `unreadable`, `notAFolder`, `layout` where there is no such file or more than one.
  init(path: String, split: String) throws {
    guard !split.utf8.contains(UInt8(ascii: "/")), let split = AnnotationFiles.safeName(split)
    else {
      throw DataSetError.value(
        name: "a split", expected: "named like a file, such as train",
        found: AnnotationFiles.quoted(split))
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      let code = errno
      throw code == ENOENT
        ? DataSetError.missing(path: path)
        : DataSetError.unreadable(path: path, reason: String(cString: strerror(code)))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw DataSetError.notAFolder(path: path) }
    let choices: [(name: String, layout: AnnotationLayout)] = [
      "ImageSets/Main/\(split).txt", "annotations/\(split).json",
      "annotations/instances_\(split).json",
    ].map { ($0, $0.hasSuffix(".txt") ? .voc(list: $0) : .coco(file: $0)) }
    let found = choices.filter { AnnotationFiles.first(of: [$0.name], in: path) != nil }
    guard let only = found.first, found.count == 1 else {
      throw DataSetError.layout(
        path: path, expected: choices.map(\.name),
        found: found.map(\.name))
    }
    self = only.layout
  }
}

/// What a layout's files say, before it is decided what of it is used.
struct AnnotationContents: Sendable {
  /// All classes, where the layout declares them.
  var categories: [String]?
  /// The pictures in order, and what belongs to none.
  var entries: [AnnotationEntry]
  /// Where pictures are looked for, with a `/` at the end; empty: the data set's folder.
  let pictureFolders: [String]
  /// Annotation files that belong to all pictures.
  var sharedFiles: [ImageFile] = []
}

/// What the annotations say of one picture, or why that is not known.
struct AnnotationEntry: Sendable {
  /// The picture's name, or where in the annotations the entry is.
  let name: String
  /// The file with the annotation, and where in it, for messages.
  let place: String
  let result: Result<FoundPicture, AnnotationFault>
}

/// An annotated picture as it was read.
struct FoundPicture: Sendable {
  /// Below the folders for pictures.
  let fileName: String
  var size: FoundSize?
  var objects: [FoundObject] = []
  /// Annotation files that belong to this picture alone.
  var files: [ImageFile] = []
}

/// A picture's size as it was annotated, in pixels.
struct FoundSize: Sendable, Hashable {
  /// JPEG's largest side.
  static let maximumSide = 65_535.0

  let width, height: Int

  /// Nil where neither is known.
  static func optional(width: Double?, height: Double?) throws(AnnotationFault) -> FoundSize? {
    if width == nil, height == nil { return nil }
    func side(_ value: Double?) throws(AnnotationFault) -> Int {
      guard let value, (1...maximumSide).contains(value), value == value.rounded() else {
        throw AnnotationFault(
          expected: "a width and a height of 1 to \(Int(maximumSide)) whole pixels, or none",
          found: value.map { "\($0)" } ?? "one of them")
      }
      return Int(value)
    }
    return FoundSize(width: try side(width), height: try side(height))
  }
}

/// Why an annotation cannot be used.
struct AnnotationFault: Error, Hashable, CustomStringConvertible {
  let expected, found: String

  var description: String { "expected \(expected), found \(found)" }
}
