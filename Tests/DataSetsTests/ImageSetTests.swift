import Foundation
import Frames
import Testing

@testable import DataSets

@Suite struct ImageSetTests {
  @Test func decodesInOrderWhateverTheThreads() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for number in 0..<40 {
      try folder.write(String(format: "%02d.jpg", number), try jpeg(UInt8(number * 6)))
    }
    let images = try ImageFolder(folder.path)
    for threads in [1, 2, 7] {
      let set = try ImageSet(images, ImageSetOptions(size: 8, threads: threads))
      #expect(set.count == 40 && set.heldCount == 40 && set.skipped.count == 0)
      #expect(set.names == images.files.map(\.name))
      for (index, image) in try set.images(Array(0..<40)).enumerated() {
        #expect(abs(Int(image.pixels[0]) - index * 6) <= 2)
      }
    }
  }

  @Test func otherSizesBecomeSquaresOfTheirMiddle() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    // Left third black, the middle grey, right third white; the middle is what stays.
    var wide = try Image(width: 96, height: 32, red: 128, green: 128, blue: 128)
    for row in 0..<32 {
      for index in 0..<96 {
        wide.pixels[row * 288 + index] = 0
        wide.pixels[row * 288 + 192 + index] = 255
      }
    }
    try folder.write("wide.jpg", try JPEGEncoder(quality: 95).encode(wide))
    try folder.write("tall.jpg", try jpeg(77, width: 20, height: 50))
    let set = try ImageSet(ImageFolder(folder.path), ImageSetOptions(size: 16))
    let images = try set.images([0, 1])
    #expect(images.allSatisfy { $0.width == 16 && $0.height == 16 })
    #expect(images[0].pixels.allSatisfy { abs(Int($0) - 77) <= 2 })
    let middle = images[1].pixels[(8 * 16 + 2) * 3..<(8 * 16 + 14) * 3]
    #expect(middle.allSatisfy { abs(Int($0) - 128) <= 6 })
    #expect(try set.floatImage(0) == FloatImage(images[0]))
  }

  @Test func whatDoesNotFitTheMemoryIsReadAgain() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for number in 0..<5 { try folder.write("\(number).jpg", try jpeg(UInt8(number * 50))) }
    let images = try ImageFolder(folder.path)
    let all = try ImageSet(images, ImageSetOptions(size: 8))
    let set = try ImageSet(images, ImageSetOptions(size: 8, memory: 2 * 192 + 191))
    #expect(set.heldCount == 2 && set.count == 5)
    #expect(try set.images([4, 0, 3, 3]) == all.images([4, 0, 3, 3]))
    // The file behind the fourth is gone: it cannot be had any more, the first still can.
    try folder.write("3.jpg", [1, 2, 3])
    #expect(try set.image(1) == all.image(1))
    #expect(throws: DataSetError.self) { try set.image(3) }
    #expect(throws: DataSetError.self) { try set.images([0, 3]) }
    for index in [-1, 5] { #expect(throws: DataSetError.self) { try set.image(index) } }
  }

  @Test func brokenPicturesAreLeftOutAndNamed() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    for number in 0..<14 { try folder.write("a/broken\(10 + number).jpg", [9]) }
    try folder.write("a/good.jpg", try jpeg(10))
    try folder.write("b/good.jpg", try jpeg(200))
    try folder.write("b/cut.jpg", try Array(jpeg(3, width: 64, height: 64).dropLast(40)))
    let labeled = try LabeledImageFolder(folder.path)
    let set = try ImageSet(labeled, ImageSetOptions(size: 8))
    #expect(set.names == ["a/good.jpg", "b/good.jpg"])
    #expect(set.labels == [0, 1])
    #expect(set.skipped.count == 15 && set.skipped.first.count == 10)
    #expect(set.skipped.first[0].name == "a/broken10.jpg")
    #expect(set.skipped.description.hasSuffix("and 5 more"))
    let error = #expect(throws: DataSetError.self) {
      try ImageSet(labeled, ImageSetOptions(size: 8, minimumCount: 3))
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("at least 3 pictures"))
  }

  @Test func aSetWithoutAWholePictureIsAnError() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.write("a.jpg", [])
    try folder.write("b.jpg", Array("GIF89a".utf8))
    let images = try ImageFolder(folder.path)
    let error = #expect(throws: DataSetError.self) {
      try ImageSet(images, ImageSetOptions(size: 8))
    }
    guard case .allBroken(_, let skipped)? = error else {
      Issue.record("expected allBroken, found \(String(describing: error))")
      return
    }
    #expect(skipped.first.map(\.name) == ["a.jpg", "b.jpg"])
    for size in [0, ImageSet.maximumSize + 1] {
      #expect(throws: DataSetError.self) { try ImageSet(images, ImageSetOptions(size: size)) }
    }
  }
}
