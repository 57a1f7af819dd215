import Foundation
import Testing

@testable import DataSets

@Suite struct LabeledImageFolderTests {
  private func folder(_ counts: [String: Int]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, count) in counts {
      for number in 0..<count { try folder.write("\(name)/\(number).jpg", [1]) }
    }
    return folder
  }

  @Test func subFoldersAreTheClasses() throws {
    let folder = try folder(["cat": 2, "Bird": 1, "dog/young": 1])
    defer { folder.remove() }
    try folder.write("dog/0.jpg", [1])
    try folder.write("beside.jpg", [1])
    try folder.write(".git/0.jpg", [1])
    let found = try LabeledImageFolder(folder.path)
    #expect(found.classes == ["Bird", "cat", "dog"])
    #expect(
      found.images.files.map(\.name)
        == ["Bird/0.jpg", "cat/0.jpg", "cat/1.jpg", "dog/0.jpg", "dog/young/0.jpg"])
    #expect(found.labels == [0, 1, 1, 2, 2])
    #expect(found.fingerprint.count == 5)
  }

  @Test func saysWhyAFolderCannotBeUsed() throws {
    let empty = try TemporaryFolder()
    defer { empty.remove() }
    #expect(throws: DataSetError.noClasses(path: empty.path)) {
      try LabeledImageFolder(empty.path)
    }
    #expect(throws: DataSetError.missing(path: empty.path + "/x")) {
      try LabeledImageFolder(empty.path + "/x")
    }
    let folder = try folder(["a": 3, "b": 3])
    defer { folder.remove() }
    try folder.write("c/notes.txt", [1])
    #expect(throws: DataSetError.emptyClass(name: "c", path: folder.path)) {
      try LabeledImageFolder(folder.path)
    }
    #expect(throws: DataSetError.self) { try LabeledImageFolder(folder.path, limit: 4) }
  }

  @Test func aSampleKeepsLabelsWithTheirPictures() throws {
    let folder = try folder(["a": 50, "b": 30])
    defer { folder.remove() }
    let all = try LabeledImageFolder(folder.path)
    for sample in [
      try all.sample(count: 20, seed: 1), try all.sample(fraction: 1, seed: 1),
      try all.stratifiedSample(fraction: 0.3, seed: 1),
    ] {
      #expect(Set(sample.images.files).count == sample.count)
      for (file, label) in zip(sample.images.files, sample.labels) {
        #expect(file.name.hasPrefix(sample.classes[label] + "/"))
      }
    }
  }

  @Test func stratifiedSamplesHoldTheirShareOfEveryClass() throws {
    let folder = try folder(["a": 50, "b": 30, "c": 1])
    defer { folder.remove() }
    let all = try LabeledImageFolder(folder.path)
    func counts(_ sample: LabeledImageFolder) -> [Int] {
      (0..<3).map { label in sample.labels.filter { $0 == label }.count }
    }
    let tenth = try all.stratifiedSample(fraction: 0.1, seed: 5)
    #expect(counts(tenth) == [5, 3, 1])
    #expect(try all.stratifiedSample(fraction: 0.1, seed: 5) == tenth)
    #expect(try all.stratifiedSample(fraction: 0.1, seed: 6) != tenth)
    #expect(counts(try all.stratifiedSample(perClass: 1, seed: 5)) == [1, 1, 1])
    for number in [0, 2] {
      #expect(throws: DataSetError.self) { try all.stratifiedSample(perClass: number, seed: 1) }
    }
    // In random order over the classes.
    let half = try all.stratifiedSample(fraction: 0.5, seed: 5)
    #expect(half.labels != half.labels.sorted())
  }
}
