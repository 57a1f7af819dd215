import Foundation
import Frames
import Tensors
import Testing

@testable import DataSets

@Suite struct COCOLayoutTests {
  private let file = "annotations/train.json"

  @Test func readsTheForm() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let set = try folder.openCOCO(annotations: [
      """
      {"id": 7, "image_id": 1, "category_id": 4, "bbox": [1.5, 2, 3.25, 4e0], "iscrowd": 0}
      """,
      """
      {"image_id": 1, "category_id": 1, "bbox": [0, 0, 0.5, 0.5], "iscrowd": true}
      """,
      """
      {"image_id": 1, "category_id": 3, "bbox": [0, 0, 16, 12]}
      """,
    ])
    #expect(set.classes == ["ape", "cat", "dog"])
    #expect(set.skipped == SkippedAnnotations())
    #expect(
      set.images[0].objects == [
        GroundTruth(box: Box(x1: 1.5, y1: 2, x2: 4.75, y2: 6), label: "dog"),
        GroundTruth(box: Box(x1: 0, y1: 0, x2: 0.5, y2: 0.5), label: "ape", isIgnored: true),
        GroundTruth(box: Box(x1: 0, y1: 0, x2: 16, y2: 12), label: "cat"),
      ])
    #expect(set.images[1].objects.isEmpty)
    #expect(set.fingerprint.count == 3)
    #expect(try set.image(0).width == 16)
  }

  @Test func picturesAreFoundWhereTheyMayBe() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let places = ["train/1.jpg", "images/train/2.jpg", "images/3.jpg", "4.jpg", "images/1.jpg"]
    for place in places { try folder.write(place, try jpeg(1)) }
    try folder.write(
      file,
      cocoJSON(
        images: (1...5).map { cocoImage($0, "\($0).jpg", "\"width\": null") }, annotations: []))
    let set = try AnnotatedDataSet(path: folder.path, split: "train")
    #expect(set.images.map(\.path) == places.prefix(4).map { "\(folder.path)/\($0)" })
    #expect(set.images.allSatisfy { $0.width == nil && $0.height == nil })
    let missing = set.skipped.missingPictures
    #expect(missing.first.map(\.name) == ["5.jpg"])
    #expect(
      missing.first[0].reason
        == "no file train/5.jpg, images/train/5.jpg, images/5.jpg, 5.jpg")
    #expect(throws: DataSetError.picture(name: "5.jpg", reason: missing.first[0].reason)) {
      try AnnotatedDataSet(path: folder.path, split: "train", options: .init(broken: .refuse))
    }
  }

  @Test(arguments: [
    ("\"category_id\": 3", "a key bbox"),
    ("\"bbox\": [0, 0, 4, 4]", "a key category_id"),
    ("\"category_id\": 9, \"bbox\": [0, 0, 4, 4]", "the id of a category"),
    ("\"category_id\": \"3\", \"bbox\": [0, 0, 4, 4]", "Int in annotations.1.category_id"),
    ("\"category_id\": 3, \"bbox\": null", nil),
    ("\"category_id\": 3, \"bbox\": []", "4 numbers in bbox"),
    ("\"category_id\": 3, \"bbox\": [0, 0, 4]", "4 numbers in bbox"),
    ("\"category_id\": 3, \"bbox\": [0, 0, 4, 4, 4]", "4 numbers in bbox"),
    ("\"category_id\": 3, \"bbox\": [0, 0, 4, \"4\"]", nil),
    ("\"category_id\": 3, \"bbox\": [0, 0, 4, 1e999]", nil),
    ("\"category_id\": 3, \"bbox\": [1e300, 0, 4, 4]", "coordinates of at most 16777216 pixels"),
    ("\"category_id\": 3, \"bbox\": {}", nil),
    ("\"category_id\": 3, \"bbox\": [0, 0, 4, 4], \"iscrowd\": 2", "0 or 1 in iscrowd"),
  ])
  func aBrokenObjectLeavesOutItsPicture(fields: String, expected: String?) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let annotations = [
      TestObject().json(image: 1), "{\"image_id\": 1, \(fields)}", TestObject().json(image: 1),
      TestObject().json(image: 2),
    ]
    let set = try folder.openCOCO(annotations: annotations)
    #expect(set.images.map(\.name) == ["whole.jpg"])
    #expect(set.images[0].objects == [TestObject().truth])
    let skipped = set.skipped.brokenAnnotations
    #expect(skipped.count == 1 && skipped.first[0].name == "a.jpg")
    if let expected {
      #expect(skipped.first[0].reason.hasPrefix("expected \(expected)"))
    }
    #expect {
      try AnnotatedDataSet(path: folder.path, split: "train", options: .init(broken: .refuse))
    } throws: { error in
      guard case .annotation(let place, _, _) = error as? DataSetError else { return false }
      return place == "annotations/train.json, image a.jpg"
    }
  }

  @Test func entriesThatBelongToNoPictureAreCounted() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let annotations = [
      "5", "{}", TestObject().json(image: 77), "null", TestObject().json(image: 2),
    ]
    let set = try folder.openCOCO(annotations: annotations)
    #expect(set.count == 2 && set.images[1].objects.count == 1)
    let skipped = set.skipped.brokenAnnotations
    #expect(skipped.first.map(\.name) == [0, 1, 2, 3].map { "annotations[\($0)]" })
    #expect(skipped.first[2].reason == "expected the id of an image, found 77")
  }

  @Test func brokenImagesAreCounted() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let images = [
      "{\"id\": 3}", "[]", cocoImage(2, "whole.jpg"), cocoImage(4, "whole.jpg"),
      cocoImage(5, "a.jpg", "\"width\": 0, \"height\": 3"), cocoImage(6, "b.jpg"),
      cocoImage(6, "c.jpg"),
    ]
    let set = try folder.openCOCO(images: images, annotations: [TestObject().json(image: 2)])
    #expect(set.images.map(\.name) == ["whole.jpg"] && set.images[0].objects.count == 1)
    // Pictures by id, then what has none.
    #expect(
      set.skipped.brokenAnnotations.first.map(\.name)
        == ["whole.jpg", "a.jpg", "b.jpg", "images[0]", "images[1]", "images[6]"])
    for name in ["../a.jpg", "/etc/a.jpg", "x/../../a.jpg", ""] {
      #expect(
        throws: DataSetError.annotation(
          place: "\(file), images[1]", expected: "the name of a picture in the folder",
          found: AnnotationFiles.quoted(name))
      ) {
        try folder.openCOCO(
          images: [cocoImage(1, "a.jpg"), cocoImage(2, name)], annotations: [])
      }
    }
  }

  @Test(arguments: [
    "[]", "{}", "{\"images\": [], \"annotations\": []}", "null", "", "\u{FEFF}",
    "{\"images\": {}, \"annotations\": [], \"categories\": [{\"id\": 1, \"name\": \"a\"}]}",
    cocoJSON(images: [], annotations: [], categories: "[]"),
    cocoJSON(images: [], annotations: [], categories: "[{\"id\": 1}]"),
    cocoJSON(
      images: [], annotations: [],
      categories: "[{\"id\": 1, \"name\": \"a\"}, {\"id\": 1, \"name\": \"b\"}]"),
    cocoJSON(
      images: [], annotations: [],
      categories: "[{\"id\": 1, \"name\": \"a\"}, {\"id\": 2, \"name\": \"a\"}]"),
    cocoJSON(images: [], annotations: [], categories: "[{\"id\": 1, \"name\": \"\"}]"),
    cocoJSON(images: ["NaN"], annotations: []),
    String(repeating: "[", count: 100_000),
  ])
  func filesThatCannotBeUsedAreRefused(json: String) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.write(file, json)
    #expect {
      try AnnotatedDataSet(path: folder.path, split: "train")
    } throws: { error in
      guard case .annotation(let place, _, _) = error as? DataSetError else { return false }
      return place.hasPrefix("annotations/train.json")
    }
  }

  @Test func filesAndListsAreBounded() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let annotations = (0..<3).map { _ in TestObject().json(image: 1) }
    let few = try folder.openCOCO(
      annotations: annotations, .init(annotationLimits: .init(objectsPerImage: 2)))
    #expect(few.images.map(\.name) == ["whole.jpg"])
    #expect(
      throws: DataSetError.annotation(place: file, expected: "at most 1 images", found: "2")
    ) {
      try folder.openCOCO(annotations: annotations, .init(annotationLimits: .init(images: 1)))
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(file)")).count
    #expect(
      throws: DataSetError.annotation(
        place: file, expected: "at most \(bytes - 1) bytes", found: "more")
    ) {
      try folder.openCOCO(
        annotations: annotations, .init(annotationLimits: .init(jsonBytes: bytes - 1)))
    }
    #expect(
      try folder.openCOCO(
        annotations: annotations, .init(annotationLimits: .init(jsonBytes: bytes))
      ).count == 2)
  }

  @Test func classesAreInTheOrderAskedFor() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let annotations = ["dog", "cat", "ape"].map { TestObject(label: $0).json(image: 1) }
    let set = try folder.openCOCO(annotations: annotations, .init(classes: ["dog", "ape"]))
    #expect(set.classes == ["dog", "ape"])
    #expect(set.images[0].objects.map(\.label) == ["dog", "ape"])
    #expect(set.skipped.unknownClasses.first.map(\.name) == ["a.jpg"])
    #expect(
      throws: DataSetError.annotation(
        place: "\(file), image a.jpg", expected: "one of the classes dog", found: "\"cat\"")
    ) {
      try folder.openCOCO(
        annotations: [annotations[1]], .init(classes: ["dog"], unknownClass: .refuse))
    }
  }

  @Test func truncatedAndDamagedFilesEndInAnError() throws {
    let text = cocoJSON(
      images: [cocoImage(1, "a.jpg")], annotations: [TestObject(isIgnored: true).json(image: 1)])
    let bytes = Array(text.utf8)
    for count in bytes.indices {
      #expect(throws: AnnotationFault.self) { try COCOFile.parse(Data(bytes.prefix(count))) }
    }
    #expect(try COCOFile.parse(Data(bytes)).annotations.count == 1)
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.write("train/a.jpg", [1])
    var random = SeededRandom(2)
    var broken = 0
    for _ in 0..<500 {
      var damaged = bytes
      for _ in 0..<2 {
        damaged[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      }
      try folder.write(file, damaged)
      do {
        let set = try AnnotatedDataSet(path: folder.path, split: "train")
        for image in set.images {
          guard let width = image.width, let height = image.height else { continue }
          #expect(image.objects == image.objects(width: width, height: height))
        }
      } catch is DataSetError {
        broken += 1
      }
    }
    #expect(broken > 100)
  }
}
