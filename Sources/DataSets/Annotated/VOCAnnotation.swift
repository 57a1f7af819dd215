import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What one of VOC's XML files says.
struct VOCAnnotation: Sendable {
  private(set) var size: FoundSize?
  private(set) var objects: [FoundObject] = []

  /// Reads a file's bytes. Elements that are not needed are passed over, parts of objects too.
  static func parse(
    _ bytes: [UInt8], limits: AnnotationLimits
  ) throws(AnnotationFault) -> VOCAnnotation {
    let text = try plainText(bytes)
    let reader = VOCReader(limits)
    let parser = XMLParser(data: text)
    parser.shouldResolveExternalEntities = false
    parser.delegate = reader
    let isParsed = parser.parse()
    if let fault = reader.fault { throw fault }
    // On Linux `parse()` is true for some broken files, and for empty ones.
    if !isParsed || parser.parserError != nil {
      let code = parser.parserError.map { " \(($0 as NSError).code)" } ?? ""
      throw AnnotationFault(
        expected: "well-formed XML", found: "libxml2's error\(code) in line \(parser.lineNumber)")
    }
    guard reader.isComplete else {
      throw AnnotationFault(expected: "an <annotation>", found: "no element")
    }
    var result = VOCAnnotation()
    result.objects = reader.objects
    result.size = try FoundSize.optional(
      width: try reader.size.number(.width), height: try reader.size.number(.height))
    return result
  }

  /// The file without its XML declaration, if that is safe to parse.
  ///
  /// On Linux, Foundation's parser ends the process where a name is not UTF-8 and where a processing
  /// instruction is empty, so that neither may get there, nor a declaration of another encoding. And
  /// it leaves out entities of a document type without a word; without one there are none. Comments
  /// are not told apart: no tool writes such things even there.
  private static func plainText(_ bytes: [UInt8]) throws(AnnotationFault) -> Data {
    guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
      throw AnnotationFault(expected: "XML in UTF-8", found: "other bytes")
    }
    var text = Data(bytes)
    let mark = Data([0xEF, 0xBB, 0xBF])
    if text.starts(with: mark) { text = Data(text.dropFirst(mark.count)) }
    if text.starts(with: Data("<?xml".utf8)) {
      guard let end = text.range(of: Data("?>".utf8)) else {
        throw AnnotationFault(expected: "well-formed XML", found: "a declaration without an end")
      }
      text = Data(text[end.upperBound...])
    }
    for (opening, name) in [("<!DOCTYPE", "a document type"), ("<?", "processing instructions")]
    where text.range(of: Data(opening.utf8)) != nil {
      throw AnnotationFault(expected: "XML without \(name)", found: opening)
    }
    // After a space a second byte order mark is a fault, too.
    return Data(" ".utf8) + text
  }
}

/// Where in an annotation the parser is.
private enum Place: String {
  case annotation, size, width, height, object, name, difficult, bndbox, xmin, ymin, xmax, ymax
  case other

  /// The place of an element with this name inside another.
  init(_ name: String, in parent: Place?) {
    self =
      switch (parent, Place(rawValue: name)) {
      case (nil, .annotation?): .annotation
      case (.annotation?, .size?): .size
      case (.annotation?, .object?): .object
      case (.size?, let inner?) where inner == .width || inner == .height: inner
      case (.object?, let inner?) where inner == .name || inner == .difficult || inner == .bndbox:
        inner
      case (.bndbox?, let inner?) where Place.corners.contains(inner): inner
      default: .other
      }
  }

  static let corners: [Place] = [.xmin, .ymin, .xmax, .ymax]

  var isValue: Bool {
    switch self {
    case .width, .height, .name, .difficult, .xmin, .ymin, .xmax, .ymax: true
    default: false
    }
  }
}

/// The texts of an element's values.
private struct Values {
  private var texts: [Place: String] = [:]

  mutating func set(_ place: Place, _ text: String) throws(AnnotationFault) {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard texts.updateValue(text, forKey: place) == nil else {
      throw AnnotationFault(expected: "<\(place.rawValue)> once", found: "it again")
    }
  }

  func text(_ place: Place) -> String? { texts[place] }

  /// A decimal number.
  func number(_ place: Place) throws(AnnotationFault) -> Double? {
    guard let text = texts[place] else { return nil }
    let isPlain = text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0)
    }
    guard isPlain, let value = Double(text), value.isFinite else {
      throw AnnotationFault(
        expected: "a number in <\(place.rawValue)>", found: AnnotationFiles.quoted(text))
    }
    return value
  }

  /// The object with these values.
  func object() throws(AnnotationFault) -> FoundObject {
    guard let label = texts[.name], !label.isEmpty else {
      throw AnnotationFault(expected: "a <name> in every object", found: "none")
    }
    var corners: [Double] = []
    for place in Place.corners {
      guard let value = try number(place) else {
        throw AnnotationFault(
          expected: "<\(place.rawValue)> in every object's <bndbox>", found: "none")
      }
      corners.append(value)
    }
    let difficult = texts[.difficult] ?? "0"
    guard difficult == "0" || difficult == "1" else {
      throw AnnotationFault(
        expected: "0 or 1 in <difficult>", found: AnnotationFiles.quoted(difficult))
    }
    return try .voc(
      label: label, xmin: corners[0], ymin: corners[1], xmax: corners[2], ymax: corners[3],
      isDifficult: difficult == "1")
  }
}

/// Follows the parser through a file; stops it at the first fault.
private final class VOCReader: NSObject, XMLParserDelegate {
  /// Bytes of a value.
  private static let maximumTextLength = 256

  private(set) var size = Values()
  private(set) var objects: [FoundObject] = []
  private(set) var fault: AnnotationFault?
  private(set) var isComplete = false

  private let limits: AnnotationLimits
  private var places: [Place] = []
  private var object = Values()
  private var text = ""

  init(_ limits: AnnotationLimits) { self.limits = limits }

  /// Notes the first fault and stops.
  private func attempt(_ parser: XMLParser, _ step: () throws(AnnotationFault) -> Void) {
    guard fault == nil else { return }
    do throws(AnnotationFault) {
      try step()
    } catch {
      fault = error
      parser.abortParsing()
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    attempt(parser) { () throws(AnnotationFault) in
      guard places.count < limits.xmlDepth else {
        throw AnnotationFault(
          expected: "at most \(limits.xmlDepth) elements inside each other", found: "more")
      }
      let place = Place(name, in: places.last)
      guard place == .annotation || !places.isEmpty else {
        throw AnnotationFault(
          expected: "an <annotation>", found: "an element \(AnnotationFiles.quoted(name))")
      }
      places.append(place)
      if place.isValue { text = "" }
      if place == .object {
        guard objects.count < limits.objectsPerImage else {
          throw AnnotationFault(
            expected: "at most \(limits.objectsPerImage) objects", found: "more")
        }
        object = Values()
      }
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    guard places.last?.isValue == true else { return }
    attempt(parser) { () throws(AnnotationFault) in
      guard text.utf8.count + string.utf8.count <= Self.maximumTextLength else {
        throw AnnotationFault(
          expected: "at most \(Self.maximumTextLength) bytes in a value", found: "more")
      }
      text += string
    }
  }

  func parser(_ parser: XMLParser, foundCDATA block: Data) {
    self.parser(parser, foundCharacters: String(decoding: block, as: UTF8.self))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    attempt(parser) { () throws(AnnotationFault) in
      guard let place = places.popLast() else { return }
      switch place {
      case .width, .height: try size.set(place, text)
      case .object: objects.append(try object.object())
      case _ where place.isValue: try object.set(place, text)
      default: break
      }
      if places.isEmpty { isComplete = true }
    }
  }
}
