import Foundation

/// COCO's JSON, as far as detection needs it. Entries that break the format are kept as faults, so
/// that one of them does not make the rest useless.
struct COCOFile: Decodable {
  let images: [COCOEntry<COCOImage>]
  let annotations: [COCOEntry<COCOObject>]
  let categories: [COCOCategory]

  /// Reads a file's bytes. Keys that are not needed, such as segmentations, are passed over.
  static func parse(_ data: Data) throws(AnnotationFault) -> COCOFile {
    do {
      return try JSONDecoder().decode(COCOFile.self, from: data)
    } catch {
      throw AnnotationFault(error)
    }
  }
}

/// An entry of a list, or what is wrong with it.
struct COCOEntry<Value: Decodable>: Decodable {
  let result: Result<Value, AnnotationFault>

  init(from decoder: any Decoder) {
    do {
      result = .success(try Value(from: decoder))
    } catch {
      result = .failure(AnnotationFault(error))
    }
  }
}

/// A class.
struct COCOCategory: Decodable {
  let id: Int
  let name: String
}

/// A picture.
struct COCOImage: Decodable {
  let id: Int
  let fileName: String
  let size: Result<FoundSize?, AnnotationFault>

  private enum Key: String, CodingKey {
    case id, width, height
    case fileName = "file_name"
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    id = try values.decode(Int.self, forKey: .id)
    fileName = try values.decode(String.self, forKey: .fileName)
    size = AnnotationFault.catching {
      try FoundSize.optional(
        width: try values.decodeIfPresent(Double.self, forKey: .width),
        height: try values.decodeIfPresent(Double.self, forKey: .height))
    }
  }
}

/// An object. Its picture is known even where the rest is broken, so that the picture can be left out.
struct COCOObject: Decodable {
  let imageID: Int
  let details: Result<Details, AnnotationFault>

  struct Details {
    let categoryID: Int
    /// Left, top, width, height.
    let box: [Double]
    let isCrowd: Bool
  }

  private enum Key: String, CodingKey {
    case bbox, iscrowd
    case imageID = "image_id"
    case categoryID = "category_id"
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    imageID = try values.decode(Int.self, forKey: .imageID)
    details = AnnotationFault.catching {
      Details(
        categoryID: try values.decode(Int.self, forKey: .categoryID), box: try Self.box(values),
        isCrowd: try Self.isCrowd(values))
    }
  }

  private static func box(_ values: KeyedDecodingContainer<Key>) throws -> [Double] {
    var list = try values.nestedUnkeyedContainer(forKey: .bbox)
    var box: [Double] = []
    while !list.isAtEnd, box.count < 5 { box.append(try list.decode(Double.self)) }
    guard box.count == 4 else {
      throw AnnotationFault(
        expected: "4 numbers in bbox", found: box.count < 4 ? "\(box.count)" : "more")
    }
    return box
  }

  /// COCO writes 0 and 1, some tools false and true, some nothing where there are no crowds.
  private static func isCrowd(_ values: KeyedDecodingContainer<Key>) throws -> Bool {
    if let flag = try? values.decodeIfPresent(Bool.self, forKey: .iscrowd) { return flag }
    let number = try values.decodeIfPresent(Int.self, forKey: .iscrowd) ?? 0
    guard number == 0 || number == 1 else {
      throw AnnotationFault(expected: "0 or 1 in iscrowd", found: "\(number)")
    }
    return number == 1
  }
}

extension AnnotationFault {
  /// What is wrong with JSON, in few words.
  init(_ error: any Error) {
    switch error {
    case let fault as AnnotationFault: self = fault
    case DecodingError.keyNotFound(let key, _):
      self.init(expected: "a key \(key.stringValue)", found: "none")
    case DecodingError.typeMismatch(let type, let context):
      self.init(expected: "\(type)\(Self.place(context))", found: "another type")
    case DecodingError.valueNotFound(let type, let context):
      self.init(expected: "\(type)\(Self.place(context))", found: "null")
    case DecodingError.dataCorrupted(let context):
      let detail = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"]
      self.init(
        expected: "valid JSON\(Self.place(context))",
        found: "\(detail ?? context.debugDescription)")
    default: self.init(expected: "valid JSON", found: "\(error)")
    }
  }

  static func catching<Value>(_ body: () throws -> Value) -> Result<Value, AnnotationFault> {
    do { return .success(try body()) } catch { return .failure(AnnotationFault(error)) }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    let keys = context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }
    return keys.isEmpty ? "" : " in \(keys.joined(separator: "."))"
  }
}
