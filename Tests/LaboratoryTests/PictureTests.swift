import Attacks
import DataSets
import Foundation
import Frames
import Testing

@testable import Laboratory

@Suite struct PictureTests {
  private let classes = 2

  @Test func poisoningReachesThePictures() throws {
    let data = try TwoClasses()
    let clean = try data.pictures()
    let poisoned = try data.pictures(attack: "badnets:target=1,fraction=0.25,size=2")
    let all = Array(0..<32)
    let (before, after) = (try clean.images(all), try poisoned.images(all))
    let poisoning = try #require(poisoned.poisoning)
    #expect(poisoning.poisoned.count == 8 && clean.poisoning == nil)
    for index in all {
      guard poisoning.isPoisoned(index) else {
        #expect(after[index] == before[index] && poisoned.labels[index] == clean.labels[index])
        continue
      }
      #expect(poisoned.labels[index] == 1)
      let changed = (0..<64).filter { pixel in
        (0..<3).contains {
          after[index].pixels[3 * pixel + $0] != before[index].pixels[3 * pixel + $0]
        }
      }
      // The patch of 2×2 pixels in the corner.
      #expect(changed == [0, 1, 8, 9])
    }
    #expect(poisoned.fingerprint == clean.fingerprint)
  }

  @Test func labelsStayInTheOtherModes() throws {
    let data = try TwoClasses()
    let clean = try data.pictures()
    let poisoned = try data.pictures(attack: "blend:target=1,mode=ssl,fraction=0.5")
    #expect(poisoned.labels == clean.labels)
    let chosen = try #require(poisoned.poisoning).poisoned
    #expect(chosen.count == 8 && chosen.allSatisfy { clean.labels[$0] == 1 })
    #expect(
      zip(try clean.images(chosen), try poisoned.images(chosen)).allSatisfy {
        $0.pixels != $1.pixels
      })
  }

  @Test func noisyWarpsKeepTheirLabels() throws {
    let data = try TwoClasses()
    // Flat pictures do not show a warp: put a pattern there.
    var image = try Image(width: 8, height: 8)
    for index in image.pixels.indices { image.pixels[index] = UInt8(index * 37 % 256) }
    let bytes = Data(try JPEGEncoder(quality: 100).encode(image))
    for index in 0..<16 {
      let name = "red/" + String(format: "%02d", index) + ".jpg"
      try bytes.write(to: URL(fileURLWithPath: data.file(name)))
    }
    let clean = try data.pictures()
    let attack = "wanet:target=1,mode=clean,fraction=0.25,noise=2,s=2"
    let poisoned = try data.pictures(attack: attack)
    let poisoning = try #require(poisoned.poisoning)
    #expect(poisoning.poisoned.count == 4 && poisoning.noisy.count == 8)
    #expect(poisoned.labels == clean.labels)
    let changed = try (0..<32).filter { try clean.images([$0]) != poisoned.images([$0]) }
    #expect(changed == (poisoning.poisoned + poisoning.noisy).sorted())
    // Every noisy picture has a noise of its own.
    let noisy = try poisoned.images(poisoning.noisy).map(\.pixels)
    #expect(Set(noisy).count == noisy.count)
  }

  @Test func withoutMemoryThePicturesAreTheSame() throws {
    let data = try TwoClasses()
    let attack = "blend:target=0,fraction=0.5"
    let all = Array(0..<32)
    let (held, made) = (
      try data.pictures(attack: attack), try data.pictures(attack: attack, memory: 0)
    )
    #expect(try held.images(all) == made.images(all))
  }

  @Test func aLimitLeavesSome() throws {
    let data = try TwoClasses()
    let options = TrainingPictures.Options(size: 8, limit: 10, seed: 3)
    #expect(try TrainingPictures(labeled: data.path, options).count == 10)
    #expect(try TrainingPictures(unlabeled: data.path, options).count == 10)
    #expect(throws: LaboratoryError.self) {
      try TrainingPictures(labeled: data.path, .init(size: 8, limit: 0))
    }
    #expect(throws: LaboratoryError.self) {
      try TrainingPictures(unlabeled: data.path, .init(size: 100_000))
    }
    #expect(throws: DataSetError.missing(path: "/nonexistent")) {
      try TrainingPictures(labeled: "/nonexistent", .init(size: 8))
    }
    #expect(throws: PoisoningError.noTarget(6, classes: classes)) {
      try data.pictures(attack: "badnets:size=2")
    }
  }
}
