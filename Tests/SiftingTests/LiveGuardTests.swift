import Foundation
import Frames
import SmallDetectors
import Testing

@testable import Sifting

/// What the guard says of a camera, by numbers and by a small detector of random weights.
@Suite struct LiveGuardTests {
  private func options(_ change: (inout GuardOptions) -> Void = { _ in }) -> GuardOptions {
    var options = GuardOptions()
    options.learning = 10
    change(&options)
    return options
  }

  /// A guard that has learned that a blur moves maps by 1.0 to 1.1.
  private func learned(_ options: GuardOptions) -> LiveGuard {
    var guarding = LiveGuard(options)
    for index in 0..<10 { guarding.take(1 + Double(index * 7 % 11) / 100, .blur) }
    return guarding
  }

  @Test func itLearnsFirst() {
    var guarding = LiveGuard(options())
    #expect(guarding.verdict.state == .learning)
    for _ in 0..<9 { guarding.take(1, .blur) }
    guarding.take(50, .mirror)
    #expect(guarding.verdict.state == .learning)
    guarding.take(1, .blur)
    #expect(guarding.verdict.state == .clean)
  }

  @Test func whatMovesMapsFarMoreThanUsualIsSuspect() {
    var guarding = learned(options())
    guarding.take(1.2, .blur)
    #expect(guarding.verdict.state == .clean)
    guarding.take(3, .blur)
    #expect(guarding.verdict.state == .suspect && guarding.verdict.score > 6)
    #expect(guarding.verdict.reason == FrameChange.blur.explanation)
    // Another change that finds nothing does not say that the first one was wrong.
    for _ in 0..<12 { guarding.take(1, .mirror) }
    #expect(guarding.verdict.state == .suspect)
    // It holds for three frames: a trigger does not do the same on each.
    for _ in 0..<2 { guarding.take(1.05, .blur) }
    #expect(guarding.verdict.state == .suspect)
    guarding.take(1.05, .blur)
    #expect(guarding.verdict.state == .clean)
  }

  @Test func aCameraThatAlwaysShowsTheSameHasSomeSpreadAllTheSame() {
    var guarding = LiveGuard(options())
    for _ in 0..<10 { guarding.take(1, .blur) }
    guarding.take(1.3, .blur)
    #expect(guarding.verdict.state == .clean)
    guarding.take(1.7, .blur)
    #expect(guarding.verdict.state == .suspect)
  }

  @Test func suspectFramesDoNotBecomeUsual() {
    var guarding = learned(options())
    for _ in 0..<200 { guarding.take(3, .blur) }
    #expect(guarding.verdict.state == .suspect)
  }

  @Test func whatStaysForLongIsLearned() {
    var guarding = learned(options { $0.patience = 20 })
    for _ in 0..<20 { guarding.take(3, .blur) }
    #expect(guarding.verdict.state == .learning)
    for _ in 0..<10 { guarding.take(3, .blur) }
    guarding.take(3.1, .blur)
    #expect(guarding.verdict.state == .clean)
  }

  @Test func itForgetsWhatWasLongAgo() {
    var guarding = learned(options { $0.memory = 20 })
    // Dusk: each frame a little further.
    for index in 0..<100 { guarding.take(1 + Double(index) / 50, .blur) }
    #expect(guarding.verdict.state == .clean)
    guarding.take(1, .blur)
    #expect(guarding.verdict.state == .clean)
  }

  @Test func changesTakeTurnsAndTheBlurEveryOther() throws {
    let probe = try TriggerProbe(smallFasterRCNN())
    var guarding = LiveGuard(options { $0.learning = 4 })
    func plain(_ index: Int) throws -> Image {
      var image = try Image(width: 96, height: 64, red: 100, green: 100, blue: 100)
      for place in image.pixels.indices {
        image.pixels[place] += UInt8((place / 288 + index) % 5 + place / 3 % 96 / 8)
      }
      return image
    }
    for index in 0..<8 {
      let verdict = try guarding.check(plain(index), with: probe)
      #expect((verdict.state == .learning) == (index < 6), "\(index)")
    }
    // Fine noise over the picture is gone after a blur.
    var noisy = try plain(3)
    for index in noisy.pixels.indices {
      if (index / 3 + index / 288) % 2 == 0 { noisy.pixels[index] += 60 }
    }
    #expect(try guarding.check(noisy, with: probe).state == .suspect)
    #expect(try guarding.check(plain(9), with: probe).state == .suspect)
    for index in 10..<14 { _ = try guarding.check(plain(index), with: probe) }
    #expect(try guarding.check(plain(14), with: probe).state == .clean)
  }

  @Test func largeFramesAreReduced() throws {
    let probe = try TriggerProbe(smallFasterRCNN())
    var guarding = LiveGuard(options())
    let large = try SmallDetector.picture(0, width: 960, height: 640)
    #expect(try guarding.check(large, with: probe).state == .learning)
    // In halves, on the same frame.
    #expect(try guarding.work(on: large, with: probe) == nil)
    #expect(guarding.isHalfDone)
    #expect(try guarding.work(on: large, with: probe)?.state == .learning)
    #expect(!guarding.isHalfDone)
  }
}
