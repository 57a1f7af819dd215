import Frames
import Tensors
import Testing

@testable import Augmentation

@Suite struct BatchTests {
  @Test func theNumberOfThreadsChangesNothing() throws {
    let images = try noisePictures(7, width: 32, height: 32)
    let augmentation = try SimCLRAugmentation(outputSize: 16, blurProbability: 0.5)
    let one = try augmentation.batch(images, SeededRandom(1), perImage: 3, threads: 1)
    #expect(one.allSatisfy { (0...1).contains($0) })
    for threads in [2, 5, 100] {
      let many = try augmentation.batch(images, SeededRandom(1), perImage: 3, threads: threads)
      #expect(many == one)
    }
    #expect(try augmentation.batch(images, SeededRandom(2), perImage: 3) != one)
  }

  @Test func aViewDependsOnItsPictureAndItsPlaceOnly() throws {
    let images = try noisePictures(5, width: 20, height: 24)
    let augmentation = try SimCLRAugmentation(outputSize: 16)
    let count = augmentation.viewCount
    let all = try augmentation.batch(images, SeededRandom(4), perImage: 2)
    for view in 0..<2 {
      for picture in 0..<5 {
        var random = SeededRandom(4).stream(UInt64(view), UInt64(picture))
        let alone = try augmentation.view(of: images[picture], random: &random)
        let start = (view * 5 + picture) * count
        #expect(alone.pixels == Array(all[start..<(start + count)]))
      }
    }
    // The two views of a picture differ.
    #expect(all[..<count] != all[(5 * count)..<(6 * count)])
  }

  @Test func bytesAndFloatsGiveTheSame() throws {
    let image = try noisePictures(1, width: 24, height: 24)[0]
    let crop = try FlipCrop(outputSize: 24)
    let augmentation = try SimCLRAugmentation(outputSize: 12)
    for seed in 0..<20 as Range<UInt64> {
      var (one, other) = (SeededRandom(seed), SeededRandom(seed))
      let bytes = try augmentation.view(of: image, random: &one)
      let floats = try augmentation.view(of: FloatImage(image), random: &other)
      #expect(worst(bytes.pixels, floats.pixels) < 1e-5)
      #expect(
        try crop.view(of: image, random: &one) == crop.view(of: FloatImage(image), random: &other))
    }
  }

  @Test func refusesMemoryAndPicturesThatDoNotFit() throws {
    let images = try noisePictures(2, width: 32, height: 32)
    let augmentation = try SimCLRAugmentation(outputSize: 8)
    var small = [Float](repeating: 0, count: 2 * 192 - 1)
    #expect(throws: AugmentationError.memory(expected: 384, found: 383)) {
      try small.withUnsafeMutableBufferPointer {
        try augmentation.views(of: images, seedsFrom: SeededRandom(), into: $0)
      }
    }
    #expect(throws: AugmentationError.self) {
      try augmentation.batch(images, SeededRandom(), perImage: 0)
    }
    #expect(try augmentation.batch([], SeededRandom()).isEmpty)
    var broken = images
    broken[1].pixels.removeLast()
    #expect(throws: AugmentationError.pixelCount(expected: 3072, found: 3071)) {
      try augmentation.batch(broken, SeededRandom())
    }
  }
}

@Suite struct FlipCropTests {
  @Test func shiftsWithinThePaddingAndMirrors() throws {
    let image = try noisePictures(1, width: 9, height: 9)[0]
    let crop = try FlipCrop(outputSize: 9, padding: 2)
    let source = try FloatImage(image)
    // The plain twin: every shift with and without mirroring, and the view that it gives.
    let possible = Dictionary(
      uniqueKeysWithValues: candidates().map { (shifted(source, $0[0], $0[1], $0[2]), $0) })
    #expect(possible.count == 50)
    var seen: Set<[Int]> = []
    for seed in 0..<600 as Range<UInt64> {
      var random = SeededRandom(seed)
      let view = try crop.view(of: image, random: &random)
      seen.insert(try #require(possible[view.pixels]))
    }
    #expect(seen.count == 50)
  }

  @Test func withoutPaddingAndMirroringNothingChanges() throws {
    let image = try noisePictures(1, width: 5, height: 5)[0]
    let crop = try FlipCrop(outputSize: 5, padding: 0, flipProbability: 0)
    var random = SeededRandom()
    #expect(try crop.view(of: image, random: &random) == FloatImage(image))
  }

  @Test func refusesOtherSizes() throws {
    let image = try noisePictures(1, width: 5, height: 6)[0]
    var random = SeededRandom()
    #expect(throws: AugmentationError.size(expected: "5×5", width: 5, height: 6)) {
      try FlipCrop(outputSize: 5).view(of: image, random: &random)
    }
    #expect(throws: AugmentationError.self) { try FlipCrop(outputSize: 3, padding: 4) }
    #expect(throws: AugmentationError.self) { try FlipCrop(outputSize: 3, padding: -1) }
  }

  private func candidates() -> [[Int]] {
    (-2...2).flatMap { x in (-2...2).flatMap { y in [[x, y, 0], [x, y, 1]] } }
  }

  private func shifted(_ image: FloatImage, _ right: Int, _ down: Int, _ mirror: Int) -> [Float] {
    (0..<9).flatMap { row in
      (0..<9).flatMap { column in
        (0..<3).map { channel in
          let (x, y) = ((mirror == 1 ? 8 - column : column) + right, row + down)
          let isInside = (0..<9).contains(x) && (0..<9).contains(y)
          return isInside ? image.pixels[(y * 9 + x) * 3 + channel] : 0
        }
      }
    }
  }
}
