import Foundation

/// Reads PASCAL VOC's layout: a list of names, and a file of XML for each.
enum VOCLayout {
  /// Bytes of a list.
  static let maximumListBytes = 64 << 20

  /// Reads a split.
  /// - Throws: `DataSetError.annotation` where the list cannot be used.
  static func read(
    path: String, list: String, options: AnnotatedDataSet.Options
  ) throws -> AnnotationContents {
    let limits = options.annotationLimits
    let names = try names(path: path, list: list, limit: limits.images)
    var seen: Set<String> = []
    let isRepeated = names.map { !seen.insert($0).inserted }
    let entries = ParallelDecoding.map(names.count, threads: options.threads) { index in
      let name = names[index]
      let file = "Annotations/\(name).xml"
      guard !isRepeated[index] else {
        return AnnotationEntry(
          name: name, place: list,
          result: .failure(AnnotationFault(expected: "each name once", found: "\(name) again")))
      }
      return AnnotationEntry(
        name: name, place: file,
        result: Result { () throws(AnnotationFault) in
          let bytes = try AnnotationFiles.read("\(path)/\(file)", limit: limits.xmlBytes)
          let found = try VOCAnnotation.parse(bytes, limits: limits)
          return FoundPicture(
            fileName: "\(name).jpg", size: found.size, objects: found.objects,
            files: [ImageFile(name: file, byteCount: bytes.count)])
        })
    }
    return AnnotationContents(
      categories: nil, entries: entries, pictureFolders: ["JPEGImages/"])
  }

  /// The first word of every line that has one. A second is VOC's mark whether a class is in the
  /// picture.
  private static func names(path: String, list: String, limit: Int) throws -> [String] {
    func refusal(_ place: String, _ expected: String, _ found: String) -> DataSetError {
      .annotation(place: place, expected: expected, found: found)
    }
    var bytes: [UInt8]
    do throws(AnnotationFault) {
      bytes = try AnnotationFiles.read("\(path)/\(list)", limit: maximumListBytes)
    } catch {
      throw refusal(list, error.expected, error.found)
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    var names: [String] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let words = line.split(maxSplits: 1) { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      guard let word = words.first else { continue }
      let place = "\(list), line \(index + 1)"
      guard let text = String(validating: word, as: UTF8.self) else {
        throw refusal(place, "a name in UTF-8", "other bytes")
      }
      guard let name = AnnotationFiles.safeName(text) else {
        throw refusal(
          place, "the name of a picture in the folder", AnnotationFiles.quoted(text))
      }
      guard names.count < limit else {
        throw refusal(list, "at most \(limit) names", "more")
      }
      names.append(name)
    }
    guard !names.isEmpty else { throw refusal(list, "names of pictures", "none") }
    return names
  }
}
