import Frames
import Tensors
import Testing

@testable import DataSets

@Suite struct VOCLayoutTests {
  private func open(_ folder: TemporaryFolder, _ options: AnnotatedDataSet.Options = .init()) throws
    -> AnnotatedDataSet
  { try AnnotatedDataSet(path: folder.path, split: "train", options: options) }

  @Test func readsTheFormOfTheChallenge() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let set = try folder.openVOC(
      """
      <annotation>
        <folder>VOC2012</folder><filename>a.jpg</filename>
        <source><name>not a class</name></source>
        <size><width> 500 </width><height>338.0</height><depth>3</depth></size>
        <object>
          <name>
            person
          </name><pose>Unspecified</pose><truncated>1</truncated>
          <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>
          </bndbox></part>
          <bndbox><xmax>243</xmax><xmin>55.25</xmin><ymin>1.39e2</ymin><ymax>221</ymax></bndbox>
        </object>
        <!-- <object/> -->
        <object><name><![CDATA[tv & video]]></name><difficult>1</difficult>
          <bndbox><xmin>7</xmin><ymin>8</ymin><xmax>7</xmax><ymax>8</ymax></bndbox></object>
      </annotation>
      """)
    #expect(set.classes == ["person", "tv & video"])
    #expect(set.skipped == SkippedAnnotations())
    #expect(set.images[0].width == 500 && set.images[0].height == 338)
    #expect(
      set.images[0].objects == [
        GroundTruth(box: Box(x1: 54.25, y1: 138, x2: 243, y2: 221), label: "person"),
        GroundTruth(box: Box(x1: 6, y1: 7, x2: 7, y2: 8), label: "tv & video", isIgnored: true),
      ])
    #expect(set.images[0].path == folder.path + "/JPEGImages/a.jpg")
  }

  @Test func listsMayHaveASecondColumn() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for name in ["b", "a", "deep/c"] { try folder.writeVOC(name, vocXML("")) }
    try folder.write("ImageSets/Main/train.txt", "\u{FEFF}b  1\r\n\n \t a\t-1\r\ndeep/c 0")
    #expect(try open(folder).images.map(\.name) == ["b", "a", "deep/c"])
  }

  @Test(arguments: [
    "../a", "/a", "x/../../a", "x//a", "./a", "..", "a/", "a\u{0}b",
    String(repeating: "a", count: 2000),
  ])
  func namesThatLeadOutOfTheFolderAreRefused(name: String) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.writeVOC("a", vocXML(""))
    try folder.write("ImageSets/Main/train.txt", "a\n\(name)\n")
    #expect(
      throws: DataSetError.annotation(
        place: "ImageSets/Main/train.txt, line 2",
        expected: "the name of a picture in the folder", found: AnnotationFiles.quoted(name))
    ) { try open(folder) }
  }

  @Test func listsThatCannotBeUsedAreRefused() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.writeVOC("a", vocXML(""))
    let list = "ImageSets/Main/train.txt"
    for text in ["", "\n \r\n"] {
      try folder.write(list, text)
      #expect(
        throws: DataSetError.annotation(place: list, expected: "names of pictures", found: "none")
      ) { try open(folder) }
    }
    try folder.write(list, [0x61, 0x0A, 0xFF, 0xFE])
    #expect(throws: DataSetError.self) { try open(folder) }
    try folder.write(list, "a\nb\nc\n")
    #expect(
      throws: DataSetError.annotation(place: list, expected: "at most 2 names", found: "more")
    ) { try open(folder, .init(annotationLimits: .init(images: 2))) }
  }

  @Test func missingAndRepeatedFilesAreCounted() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.writeVOC("a", vocXML(TestObject().xml))
    try folder.write("Annotations/bare.xml", vocXML(""))
    try folder.write("ImageSets/Main/train.txt", "none\na\nbare\na\n")
    let set = try open(folder)
    #expect(set.images.map(\.name) == ["a"])
    #expect(set.skipped.missingPictures.first.map(\.name) == ["bare"])
    #expect(set.skipped.missingPictures.first[0].reason == "no file JPEGImages/bare.jpg")
    #expect(set.skipped.brokenAnnotations.first.map(\.name) == ["none", "a"])
    #expect(set.skipped.description.contains("missing pictures: 1 left out: bare (no file"))
    #expect(throws: DataSetError.self) { try open(folder, .init(broken: .refuse)) }
    try folder.write("ImageSets/Main/train.txt", "a\nbare\n")
    #expect(
      throws: DataSetError.picture(name: "bare", reason: "no file JPEGImages/bare.jpg")
    ) { try open(folder, .init(broken: .refuse)) }
    try folder.write("ImageSets/Main/train.txt", "bare\nnone\n")
    #expect { try open(folder) } throws: { error in
      guard case .allBroken(_, let skipped) = error as? DataSetError else { return false }
      return skipped.count == 2
    }
  }

  private static let box = "<xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax>"

  @Test(arguments: [
    ("", "an <annotation>"),
    ("<annotation>", "well-formed XML"),
    ("<annotation/>x", "well-formed XML"),
    ("<annotation/><annotation/>", "well-formed XML"),
    ("<html></html>", "an <annotation>"),
    ("<annotation>&none;</annotation>", "well-formed XML"),
    ("<annotation>\u{0}</annotation>", "XML in UTF-8"),
    ("<?xml version=\"1.0\"", "well-formed XML"),
    ("<annotation><?a?></annotation>", "XML without processing instructions"),
    (
      "<!DOCTYPE annotation [<!ENTITY e \"1\">]><annotation>&e;</annotation>",
      "XML without a document type"
    ),
    (vocXML("<object><bndbox>\(box)</bndbox></object>"), "a <name> in every object"),
    (vocXML("<object><name> </name><bndbox>\(box)</bndbox></object>"), "a <name> in every object"),
    (vocXML("<object><name>cat</name></object>"), "<xmin> in every object's <bndbox>"),
    (
      vocXML("<object><name>cat</name><bndbox>\(box)</bndbox><bndbox>\(box)</bndbox></object>"),
      "<xmin> once"
    ),
    (vocXML("", size: vocSize(16, 12) + vocSize(16, 12)), "<width> once"),
    (vocXML("", size: vocSize(0, 12)), "a width and a height of 1 to 65535 whole pixels, or none"),
    (
      vocXML("", size: "<size><width>3</width></size>"),
      "a width and a height of 1 to 65535 whole pixels, or none"
    ),
    (
      vocXML("", size: "<size><width>1.5</width><height>1</height></size>"),
      "a width and a height of 1 to 65535 whole pixels, or none"
    ),
    (
      vocXML("<object><name>\(String(repeating: "c", count: 300))</name></object>"),
      "at most 256 bytes in a value"
    ),
    (vocXML(String(repeating: "<a>", count: 40)), "at most 32 elements inside each other"),
  ])
  func brokenFilesAreLeftOutOrRefused(xml: String, expected: String) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let set = try folder.openVOC(xml)
    #expect(set.images.map(\.name) == ["whole"])
    let skipped = set.skipped.brokenAnnotations
    #expect(skipped.count == 1 && skipped.first[0].name == "a")
    #expect(skipped.first[0].reason.hasPrefix("expected \(expected), found "))
    #expect { try open(folder, .init(broken: .refuse)) } throws: { error in
      guard case .annotation(let place, expected, _) = error as? DataSetError else { return false }
      return place == "Annotations/a.xml"
    }
  }

  @Test(arguments: ["", "x", "nan", "inf", "0x10", "1e999", "1 2", "1,5", "20000000", "-2e7"])
  func coordinatesAreNumbers(text: String) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let object = TestObject().xml.replacing("<xmax>4<", with: "<xmax>\(text)<")
    let set = try folder.openVOC(vocXML(object))
    #expect(set.images.map(\.name) == ["whole"])
    #expect(set.skipped.brokenAnnotations.count == 1)
  }

  @Test func otherObjectsCanBeRefused() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let place = "Annotations/a.xml"
    for object in [TestObject(x1: 4), TestObject(x1: 16, x2: 18), TestObject(y1: -9, y2: 0)] {
      let set = try folder.openVOC(vocXML(object.xml))
      #expect(set.images[0].objects.isEmpty && set.skipped.objectCount == 1)
      #expect { try open(folder, .init(broken: .refuse)) } throws: { error in
        guard case .annotation(place, _, _) = error as? DataSetError else { return false }
        return true
      }
    }
    _ = try folder.openVOC(vocXML(TestObject(x2: 99).xml), .init(broken: .refuse))
    #expect(
      throws: DataSetError.annotation(
        place: place, expected: "one of the classes dog, ape", found: "\"cat\"")
    ) { try open(folder, .init(classes: ["dog", "ape"], unknownClass: .refuse)) }
    let crooked = TestObject().xml.replacing("<difficult>0", with: "<difficult>maybe")
    #expect(try folder.openVOC(vocXML(crooked)).skipped.brokenAnnotations.count == 1)
  }

  @Test func filesAndObjectsAreBounded() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let three = vocXML(TestObject().xml + TestObject().xml + TestObject().xml)
    let set = try folder.openVOC(three, .init(annotationLimits: .init(objectsPerImage: 2)))
    #expect(
      set.skipped.brokenAnnotations.first[0].reason == "expected at most 2 objects, found more")
    #expect(
      try folder.openVOC(three, .init(annotationLimits: .init(objectsPerImage: 3))).count == 2)
    let bytes = three.utf8.count
    #expect(try folder.openVOC(three, .init(annotationLimits: .init(xmlBytes: bytes))).count == 2)
    let short = try folder.openVOC(three, .init(annotationLimits: .init(xmlBytes: bytes - 1)))
    #expect(short.images.map(\.name) == ["whole"])
  }

  @Test func onlyUTF8IsParsed() throws {
    let limits = AnnotationLimits()
    let plain = "<annotation>\(TestObject(label: "ä").xml)</annotation>"
    let latin = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
    for text in [plain, "\u{FEFF}" + plain, latin + plain] {
      #expect(try VOCAnnotation.parse(Array(text.utf8), limits: limits).objects[0].label == "ä")
    }
    for text in ["<?xml?>" + latin + plain, "\u{FEFF}\u{FEFF}" + latin + plain] {
      #expect(throws: AnnotationFault.self) {
        try VOCAnnotation.parse(Array(text.utf8), limits: limits)
      }
    }
    for mark in ["annotation>", "object>", "ä"] {
      let bytes = Array(plain.replacing(mark, with: "§\(mark)").utf8).filter { $0 != 0xC2 }
      #expect(throws: AnnotationFault(expected: "XML in UTF-8", found: "other bytes")) {
        try VOCAnnotation.parse(bytes, limits: limits)
      }
    }
  }

  @Test func truncatedAndDamagedFilesAreNoAnnotations() throws {
    let limits = AnnotationLimits()
    let bytes = Array(vocXML(TestObject(label: "dog", x2: 9, isIgnored: true).xml).utf8)
    for count in bytes.indices {
      #expect(throws: AnnotationFault.self) {
        try VOCAnnotation.parse(Array(bytes.prefix(count)), limits: limits)
      }
    }
    #expect(try VOCAnnotation.parse(bytes, limits: limits).objects.count == 1)
    var random = SeededRandom(1)
    var broken = 0
    for _ in 0..<500 {
      var damaged = bytes
      for _ in 0..<3 {
        damaged[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      }
      do throws(AnnotationFault) {
        for object in try VOCAnnotation.parse(damaged, limits: limits).objects {
          #expect(object.box.x1.isFinite && object.box.x2.isFinite)
        }
      } catch {
        broken += 1
      }
    }
    #expect(broken > 100)
  }
}
