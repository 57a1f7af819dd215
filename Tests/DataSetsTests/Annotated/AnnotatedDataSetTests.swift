import Frames
import Testing

@testable import DataSets

@Suite struct AnnotatedDataSetTests {
  private let objects: [[TestObject]] = [
    [
      TestObject(label: "dog", x1: 0, y1: 0, x2: 16, y2: 12),
      TestObject(label: "cat", x1: 3, y1: 2, x2: 4, y2: 3, isIgnored: true),
    ],
    [],
    [
      TestObject(label: "ape", x1: 10, y1: 8, x2: 20, y2: 40),
      TestObject(label: "ape", x1: 16, y1: 0, x2: 18, y2: 4),
      TestObject(label: "cat", x1: 5, y1: 5, x2: 5, y2: 9),
      TestObject(label: "cat", x1: -3, y1: -2, x2: 1, y2: 1),
    ],
  ]

  private func voc(_ folder: TemporaryFolder) throws {
    for (index, list) in objects.enumerated() {
      try folder.writeVOC("\(index)", vocXML(list.map(\.xml).joined()))
    }
    try folder.write("ImageSets/Main/train.txt", "0\n1\n2\n")
  }

  private func coco(_ folder: TemporaryFolder) throws {
    for index in objects.indices {
      try folder.write("images/\(index).jpg", try jpeg(100, width: 16, height: 12))
    }
    // Neither list is in the order of the ids.
    let annotations = objects.enumerated().flatMap { index, list in
      list.map { $0.json(image: index) }
    }
    try folder.write(
      "annotations/instances_train.json",
      cocoJSON(
        images: [2, 0, 1].map { cocoImage($0, "\($0).jpg") },
        annotations: Array(annotations[2...] + annotations[..<2])))
  }

  /// Annotations say nothing of whether a picture can be decoded.
  @Test func undecodablePicturesAreLeftOutOrRefused() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try voc(folder)
    try folder.write("JPEGImages/0.jpg", "no picture")
    try folder.write("JPEGImages/2.jpg", try jpeg(100, width: 12, height: 16))
    let set = try AnnotatedDataSet(path: folder.path, split: "train")
    #expect(set.count == 3 && set.skipped.imageCount == 0)
    let usable = try set.decodable(.skip)
    #expect(usable.images.map(\.name) == ["1"] && usable.classes == set.classes)
    #expect(usable.skipped.brokenPictures.count == 2 && usable.skipped.imageCount == 2)
    #expect("\(usable.skipped)".contains("16×12 are annotated"))
    #expect(throws: DataSetError.self) { _ = try set.decodable(.refuse) }
    try folder.write("JPEGImages/1.jpg", "no picture")
    #expect(throws: DataSetError.self) { _ = try set.decodable(.skip) }
  }

  @Test(arguments: [nil, ["cat", "ape"]])
  func bothLayoutsAgree(classes: [String]?) throws {
    let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
    defer {
      one.remove()
      other.remove()
    }
    try voc(one)
    try coco(other)
    let options = AnnotatedDataSet.Options(classes: classes)
    let first = try AnnotatedDataSet(path: one.path, split: "train", options: options)
    let second = try AnnotatedDataSet(path: other.path, split: "train", options: options)
    #expect(first.classes == classes ?? ["ape", "cat", "dog"])
    #expect(first.classes == second.classes)
    #expect(first.images.map(\.name) == ["0", "1", "2"])
    #expect(second.images.map(\.name) == ["0.jpg", "1.jpg", "2.jpg"])
    for (mine, theirs) in zip(first.images, second.images) {
      #expect(mine.width == 16 && mine.height == 12)
      #expect(theirs.width == 16 && theirs.height == 12)
      #expect(mine.objects == theirs.objects)
    }
    let whole = objects[0].map(\.truth)
    #expect(first.images[0].objects == (classes == nil ? whole : [whole[1]]))
    #expect(
      first.images[2].objects == [
        TestObject(label: "ape", x1: 10, y1: 8, x2: 16, y2: 12).truth,
        TestObject(label: "cat", x1: 0, y1: 0, x2: 1, y2: 1).truth,
      ])
    for skipped in [first.skipped, second.skipped] {
      #expect(skipped.outsideBoxes.count == 1 && skipped.emptyBoxes.count == 1)
      #expect(skipped.unknownClasses.count == (classes == nil ? 0 : 1))
      #expect(skipped.clippedBoxCount == 2)
      #expect(skipped.imageCount == 0)
      #expect(skipped.objectCount == (classes == nil ? 2 : 3))
    }
    #expect(first.skipped.outsideBoxes.first.first?.name == "2")
    #expect(
      first.skipped.outsideBoxes.first.first?.reason
        == "expected a box inside 16×12 pixels, found x 16.0 to 18.0, y 0.0 to 4.0")
  }

  @Test func theLayoutIsFoundByTheSplit() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try voc(folder)
    let names = [
      "ImageSets/Main/val.txt", "annotations/val.json", "annotations/instances_val.json",
    ]
    #expect(throws: DataSetError.layout(path: folder.path, expected: names, found: [])) {
      try AnnotatedDataSet(path: folder.path, split: "val")
    }
    #expect(try AnnotatedDataSet(path: folder.path, split: "train").count == 3)
    try coco(folder)
    #expect(throws: DataSetError.self) { try AnnotatedDataSet(path: folder.path, split: "train") }
    for split in ["", ".", "..", "../Main/train", "/train", "a\u{0}", "/\u{301}x", "a/\u{301}b"] {
      #expect(throws: DataSetError.self) { try AnnotationLayout(path: folder.path, split: split) }
    }
    #expect(throws: DataSetError.missing(path: folder.path + "/no")) {
      try AnnotatedDataSet(path: folder.path + "/no", split: "train")
    }
    try folder.write("file", "x")
    #expect(throws: DataSetError.notAFolder(path: folder.path + "/file")) {
      try AnnotatedDataSet(path: folder.path + "/file", split: "train")
    }
  }

  @Test func picturesAreDecodedAtTheirOwnSize() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try voc(folder)
    let set = try AnnotatedDataSet(path: folder.path, split: "train")
    let image = try set.image(2)
    #expect(image.width == 16 && image.height == 12)
    #expect(image.pixels.allSatisfy { (99...101).contains($0) })
    for index in [-1, 3] {
      #expect(throws: DataSetError.self) { try set.image(index) }
    }
    try folder.write("JPEGImages/0.jpg", try jpeg(1, width: 12, height: 16))
    #expect(
      throws: DataSetError.picture(
        name: "0", reason: "12×16 pixels where 16×12 are annotated")
    ) { try set.image(0) }
    try folder.write("JPEGImages/1.jpg", "no picture")
    #expect(throws: DataSetError.self) { try set.image(1) }
    let small = AnnotatedDataSet.Options(limits: JPEGLimits(pixels: 100))
    let limited = try AnnotatedDataSet(path: folder.path, split: "train", options: small)
    #expect(throws: DataSetError.self) { try limited.image(2) }
  }

  @Test func boxesWithoutASizeAreClippedToTheDecodedPicture() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let set = try folder.openVOC(vocXML(objects[2].map(\.xml).joined(), size: ""))
    let image = set.images[0]
    #expect(image.width == nil && image.height == nil)
    #expect(image.objects.map(\.box.x2) == [20, 18, 1])
    #expect(set.skipped.outsideBoxes.count == 0 && set.skipped.emptyBoxes.count == 1)
    let picture = try set.image(0)
    #expect(
      image.objects(width: picture.width, height: picture.height) == [
        TestObject(label: "ape", x1: 10, y1: 8, x2: 16, y2: 12).truth,
        TestObject(label: "cat", x1: 0, y1: 0, x2: 1, y2: 1).truth,
      ])
  }

  @Test func samplesAndFingerprints() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for index in 0..<30 { try folder.writeVOC("\(index)", vocXML(TestObject().xml)) }
    try folder.write("ImageSets/Main/train.txt", (0..<30).map { "\($0)\n" }.joined())
    let set = try AnnotatedDataSet(path: folder.path, split: "train")
    let sample = try set.sample(count: 12, seed: 3)
    #expect(Set(sample.images).count == 12)
    #expect(Set(sample.images).isSubset(of: Set(set.images)))
    #expect(try set.sample(count: 12, seed: 3) == sample)
    #expect(try set.sample(count: 12, seed: 4) != sample)
    #expect(try set.sample(count: 5, seed: 3).images == Array(sample.images.prefix(5)))
    #expect(sample.classes == ["cat"] && sample.fingerprint.count == 24)
    #expect(try set.sample(fraction: 0.1, seed: 1).count == 3)
    for count in [0, 31] {
      #expect(throws: DataSetError.self) { try set.sample(count: count, seed: 1) }
    }
    #expect(try AnnotatedDataSet(path: folder.path, split: "train") == set)
    // An annotation that changes changes the data set, though the pictures stay.
    try folder.writeVOC("7", vocXML(TestObject(x2: 10).xml))
    let changed = try AnnotatedDataSet(path: folder.path, split: "train")
    #expect(changed.fingerprint != set.fingerprint)
    #expect(changed.fingerprint.names == set.fingerprint.names)
  }

  @Test func optionsOutOfRangeAreRefused() throws {
    for classes in [[], ["a", "a"], ["a", ""]] {
      #expect(throws: DataSetError.self) {
        try AnnotatedDataSet(path: "/", split: "train", options: .init(classes: classes))
      }
    }
    let limits = AnnotationLimits(objectsPerImage: 0)
    #expect(
      throws: DataSetError.value(
        name: "limit objectsPerImage", expected: "of at least 1", found: "0")
    ) {
      try AnnotatedDataSet(path: "/", split: "train", options: .init(annotationLimits: limits))
    }
  }
}
