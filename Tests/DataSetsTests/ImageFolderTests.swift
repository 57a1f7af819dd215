import Foundation
import Testing

@testable import DataSets

@Suite struct ImageFolderTests {
  @Test func findsJPEGsBelowInTheOrderOfTheirBytes() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for name in ["b/2.jpg", "b/10.JPEG", "a.jpg", "Z.jpg", "b.jpg", "ä.jpg", "b/c/d/e.Jpg"] {
      try folder.write(name, [1, 2, 3])
    }
    for name in ["notes.txt", "b/x.png", ".hidden.jpg", ".cache/1.jpg"] {
      try folder.write(name, [1])
    }
    try folder.write("empty.jpg/inner.txt", [1])
    let found = try ImageFolder(folder.path)
    #expect(
      found.files.map(\.name)
        == ["Z.jpg", "a.jpg", "b.jpg", "b/10.JPEG", "b/2.jpg", "b/c/d/e.Jpg", "ä.jpg"])
    #expect(found.files.allSatisfy { $0.byteCount == 3 })
    #expect(found.skipped.count == 0)
  }

  @Test func linksAreFollowedButNeverInACircle() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let other = try TemporaryFolder()
    defer { other.remove() }
    try folder.write("a/1.jpg", [1])
    try other.write("2.jpg", [1, 2])
    try folder.link("a/up", to: "..")
    try folder.link("a/self", to: ".")
    try folder.link("elsewhere", to: other.path)
    try folder.link("twice", to: other.path)
    try other.link("back", to: folder.path)
    try folder.link("file.jpg", to: "\(other.path)/2.jpg")
    try folder.link("nowhere.jpg", to: "missing")
    let found = try ImageFolder(folder.path)
    #expect(found.files.map(\.name) == ["a/1.jpg", "elsewhere/2.jpg", "file.jpg"])
    #expect(found.skipped.count == 1)
    #expect(found.skipped.first.first?.name == "nowhere.jpg")
    #expect(found.skipped.description.contains("No such file"))
  }

  @Test func saysWhyAFolderCannotBeUsed() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let missing = folder.path + "/missing"
    #expect(throws: DataSetError.missing(path: missing)) { try ImageFolder(missing) }
    try folder.write("a.txt", [1])
    try folder.write("b/c.png", [1])
    #expect(throws: DataSetError.notAFolder(path: folder.path + "/a.txt")) {
      try ImageFolder(folder.path + "/a.txt")
    }
    #expect(throws: DataSetError.noImages(path: folder.path, otherFiles: 2)) {
      try ImageFolder(folder.path)
    }
    for number in 0..<10 { try folder.write("\(number).jpg", [1]) }
    // Ten pictures, a text, a folder and what is in it.
    #expect(try ImageFolder(folder.path, limit: 13).count == 10)
    #expect(throws: DataSetError.tooManyEntries(path: folder.path, limit: 12)) {
      try ImageFolder(folder.path, limit: 12)
    }
    #expect(throws: DataSetError.self) { try ImageFolder(folder.path, limit: 0) }
  }

  @Test func veryDeepFoldersEndTheWalk() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.write("1.jpg", [1])
    try folder.write(String(repeating: "d/", count: 70) + "2.jpg", [1])
    let found = try ImageFolder(folder.path)
    #expect(found.files.map(\.name) == ["1.jpg"])
    #expect(found.skipped.count == 1)
  }

  @Test func samplesAreRandomWithoutRepetitionAndReproducible() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for number in 0..<100 { try folder.write("\(number).jpg", [1]) }
    let all = try ImageFolder(folder.path)
    let sample = try all.sample(count: 40, seed: 3)
    #expect(sample.count == 40 && Set(sample.files).count == 40)
    #expect(Set(sample.files).isSubset(of: Set(all.files)))
    #expect(try all.sample(count: 40, seed: 3) == sample)
    #expect(try all.sample(count: 40, seed: 4).files != sample.files)
    #expect(try Array(all.sample(count: 10, seed: 3).files) == Array(sample.files.prefix(10)))
    #expect(sample.files.map(\.name) != sample.files.map(\.name).sorted())
    #expect(try all.sample(fraction: 0.05, seed: 1).count == 5)
    #expect(try all.sample(fraction: 0.0001, seed: 1).count == 1)
    for count in [0, 101, -1] {
      #expect(throws: DataSetError.self) { try all.sample(count: count, seed: 1) }
    }
    for fraction in [0, -1, 1.01, Double.nan] {
      #expect(throws: DataSetError.self) { try all.sample(fraction: fraction, seed: 1) }
    }
  }

  @Test func fingerprintsTellDataSetsApart() throws {
    let files = [("a.jpg", 3), ("b.jpg", 4)].map { ImageFile(name: $0.0, byteCount: $0.1) }
    let one = DataSetFingerprint(files)
    #expect(one == DataSetFingerprint(files.reversed()))
    #expect(one.count == 2 && one.byteCount == 7)
    // FNV-1a of "a.jpg\0b.jpg\0", computed in Python.
    #expect(one.names == 0x5905_783b_3b44_0882)
    let split = [("a.jpgb", 3), (".jpg", 4)].map { ImageFile(name: $0.0, byteCount: $0.1) }
    #expect(DataSetFingerprint(split).names != one.names)
    #expect(DataSetFingerprint([]).description.hasPrefix("0 files, 0 bytes, names cbf29ce4"))
  }
}
