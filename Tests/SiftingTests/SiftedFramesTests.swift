import Testing

@testable import Sifting

/// Which frames are left out, by their measures.
@Suite struct SiftedFramesTests {
  /// Measures that lie within a narrow band, by index.
  private func usual(_ index: Int, _ level: Double = 1) -> FrameMeasures {
    let wave = Double(index * 37 % 11) / 100
    return FrameMeasures(blur: level + wave, mirror: 2 * level + wave, cover: 3 * level - wave)
  }

  private func options(least: Double = 0, greatest: Double = 0.5) -> SiftingOptions {
    var options = SiftingOptions()
    options.leastShare = least
    options.greatestShare = greatest
    return options
  }

  @Test func oneMeasureThatStandsOutIsEnough() {
    var measures: [FrameMeasures?] = (0..<40).map { usual($0) }
    measures[7]?.cover = 9
    measures[30]?.blur = 5
    // Less than usual is no sign of a trigger.
    measures[12]?.mirror = 0
    let sifted = SiftedFrames(
      measures, cameras: .init(repeating: "a", count: 40), options: options())
    #expect(Set(0..<40).subtracting(sifted.kept) == [7, 30])
    #expect(sifted.scores[7] > 4 && sifted.scores[30] > 4 && sifted.scores[0] < 4)
  }

  @Test func eachCameraHasItsOwnUsual() {
    let measures: [FrameMeasures?] = (0..<60).map { usual($0, $0 < 30 ? 1 : 20) }
    let cameras = (0..<60).map { $0 < 30 ? "dark" : "bright" }
    #expect(SiftedFrames(measures, cameras: cameras, options: options()).kept.count == 60)
  }

  @Test func camerasOfFewFramesAreTakenTogether() {
    var measures: [FrameMeasures?] = (0..<30).map { usual($0) }
    measures[29]?.cover = 30
    let cameras = (0..<30).map { "camera \($0 % 10)" }
    let sifted = SiftedFrames(measures, cameras: cameras, options: options())
    #expect(sifted.kept == Array(0..<29))
  }

  @Test func theMostSuspectGoWhereNoneStandsOut() {
    let measures: [FrameMeasures?] = (0..<40).map {
      FrameMeasures(blur: 1 + Double($0) / 100, mirror: 1, cover: 1)
    }
    let sifted = SiftedFrames(
      measures, cameras: .init(repeating: "a", count: 40), options: options(least: 0.1))
    #expect(sifted.kept == Array(0..<36))
  }

  @Test func notMoreThanTheGreatestShareGoes() {
    let measures: [FrameMeasures?] = (0..<40).map {
      $0 < 18
        ? FrameMeasures(blur: 50 + Double($0), mirror: 1, cover: 1)
        : FrameMeasures(blur: 1, mirror: 1, cover: 1)
    }
    let sifted = SiftedFrames(
      measures, cameras: .init(repeating: "a", count: 40), options: options(greatest: 0.25))
    // The ten most suspect ones.
    #expect(Set(0..<40).subtracting(sifted.kept) == Set(8..<18))
  }

  @Test func whatCannotBeReadIsLeftOut() {
    var measures: [FrameMeasures?] = (0..<30).map { usual($0) }
    measures[3] = nil
    let sifted = SiftedFrames(
      measures, cameras: .init(repeating: "a", count: 30), options: options())
    #expect(!sifted.kept.contains(3) && sifted.kept.count == 29)
    #expect(SiftedFrames([], cameras: [], options: options()).kept.isEmpty)
  }

  @Test func impossibleOptionsAreRefused() {
    func check(_ change: (inout SiftingOptions) -> Void) {
      var options = SiftingOptions()
      change(&options)
      #expect(throws: SiftingError.self) { try options.validate() }
    }
    check { $0.columns = 0 }
    check { $0.rows = 17 }
    check { $0.blur = 0 }
    check { $0.threshold = .nan }
    check { $0.leastShare = 1 }
    check { ($0.leastShare, $0.greatestShare) = (0.5, 0.4) }
  }
}
