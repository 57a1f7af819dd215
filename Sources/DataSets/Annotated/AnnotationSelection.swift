import Frames

/// An object as it was annotated.
struct FoundObject: Sendable {
  /// Coordinates beyond are no pixels; up to here every whole number is a `Float`.
  static let maximumCoordinate = Double(1 << 24)

  let label: String
  /// In continuous pixels; maybe outside the picture.
  let box: Box
  /// As its own format counts: VOC's boxes include the last pixel.
  let isEmpty: Bool
  let isIgnored: Bool

  /// From VOC's corners, which count from 1 and include the last pixel: one pixel is the least.
  static func voc(
    label: String, xmin: Double, ymin: Double, xmax: Double, ymax: Double, isDifficult: Bool
  ) throws(AnnotationFault) -> FoundObject {
    let (x1, y1) = (xmin - 1, ymin - 1)
    return FoundObject(
      label: label, box: try box(x1, y1, xmax, ymax), isEmpty: xmax - x1 < 1 || ymax - y1 < 1,
      isIgnored: isDifficult)
  }

  /// From COCO's left, top, width, height.
  static func coco(
    label: String, x: Double, y: Double, width: Double, height: Double, isCrowd: Bool
  ) throws(AnnotationFault) -> FoundObject {
    let box = try box(x, y, x + width, y + height)
    return FoundObject(
      label: label, box: box, isEmpty: !box.hasExtent, isIgnored: isCrowd)
  }

  private static func box(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double
  ) throws(AnnotationFault) -> Box {
    for value in [x1, y1, x2, y2] where !(abs(value) <= maximumCoordinate) {
      throw AnnotationFault(
        expected: "coordinates of at most \(Int(maximumCoordinate)) pixels", found: "\(value)")
    }
    return Box(x1: Float(x1), y1: Float(y1), x2: Float(x2), y2: Float(y2))
  }
}

/// Decides by the options what of the annotations is used, and counts the rest.
struct AnnotationSelection {
  private(set) var skipped = SkippedAnnotations()

  private let options: AnnotatedDataSet.Options
  private let classes: Set<String>?
  private let expectedClass: String

  init(_ options: AnnotatedDataSet.Options) {
    self.options = options
    classes = options.classes.map { Set($0) }
    let shown = (options.classes ?? []).prefix(20).joined(separator: ", ")
    expectedClass = "one of the classes \(shown)"
  }

  /// Leaves out a picture whose annotation is broken.
  /// - Throws: `DataSetError.annotation` where that is refused.
  mutating func leaveOut(_ fault: AnnotationFault, of entry: AnnotationEntry) throws {
    try check(fault, entry, isRefused: options.broken == .refuse)
    skipped.brokenAnnotations.add(name: entry.name, reason: fault.description)
  }

  /// Leaves out a picture whose file is missing.
  /// - Throws: `DataSetError.picture` where that is refused.
  mutating func leaveOutMissing(_ name: String, places: [String]) throws {
    let reason = "no file \(places.joined(separator: ", "))"
    guard options.broken == .skip else { throw DataSetError.picture(name: name, reason: reason) }
    skipped.missingPictures.add(name: name, reason: reason)
  }

  /// The objects of a picture that are used, clipped where its size is known.
  /// - Throws: `DataSetError.annotation` where others are refused.
  mutating func objects(
    _ picture: FoundPicture, of entry: AnnotationEntry
  ) throws -> [GroundTruth] {
    var result: [GroundTruth] = []
    for object in picture.objects {
      if let classes, !classes.contains(object.label) {
        let fault = AnnotationFault(
          expected: expectedClass, found: AnnotationFiles.quoted(object.label))
        try check(fault, entry, isRefused: options.unknownClass == .refuse)
        skipped.unknownClasses.add(name: entry.name, reason: fault.description)
        continue
      }
      var box = object.box
      if object.isEmpty {
        let fault = AnnotationFault(
          expected: "a box with a width and a height", found: Self.text(box))
        try check(fault, entry, isRefused: options.broken == .refuse)
        skipped.emptyBoxes.add(name: entry.name, reason: fault.description)
        continue
      }
      if let size = picture.size {
        let inside = box.clipped(width: Float(size.width), height: Float(size.height))
        guard inside.hasExtent else {
          let fault = AnnotationFault(
            expected: "a box inside \(size.width)×\(size.height) pixels", found: Self.text(box))
          try check(fault, entry, isRefused: options.broken == .refuse)
          skipped.outsideBoxes.add(name: entry.name, reason: fault.description)
          continue
        }
        if inside != box { skipped.clippedBoxCount += 1 }
        box = inside
      }
      result.append(GroundTruth(box: box, label: object.label, isIgnored: object.isIgnored))
    }
    return result
  }

  private func check(_ fault: AnnotationFault, _ entry: AnnotationEntry, isRefused: Bool) throws {
    guard isRefused else { return }
    throw DataSetError.annotation(
      place: entry.place, expected: fault.expected, found: fault.found)
  }

  private static func text(_ box: Box) -> String {
    "x \(box.x1) to \(box.x2), y \(box.y1) to \(box.y2)"
  }
}
