import Testing

@testable import Reservoir

@Suite struct ReservoirOptionsTests {
  @Test func defaultsAreThoseThatAreDocumented() throws {
    let options = ReservoirOptions()
    try options.validate()
    #expect(options.maximumFrames == 1024 && options.maximumBytes == 268_435_456)
    #expect(options.maximumAge == .seconds(2_592_000) && options.interval == .seconds(10))
    #expect(options.maximumSide == 640 && options.duplicateDistance == 16)
  }

  @Test func whatCannotBeIsRefusedByName() throws {
    func name(_ change: (inout ReservoirOptions) -> Void) -> String? {
      var options = ReservoirOptions()
      change(&options)
      do throws(ReservoirError) {
        try options.validate()
      } catch {
        if case .option(let name, _, _) = error { return name }
      }
      return nil
    }
    for frames in [0, -1, 10_001] {
      #expect(name { $0.maximumFrames = frames } == "maximum-frames")
    }
    for bytes in [0, (1 << 40) + 1] {
      #expect(name { $0.maximumBytes = bytes } == "maximum-bytes")
    }
    #expect(name { $0.maximumAge = .seconds(59) } == "maximum-age")
    #expect(name { $0.maximumAge = .seconds(3651 * 86_400) } == "maximum-age")
    #expect(name { $0.interval = .seconds(-1) } == "interval")
    #expect(name { $0.interval = .seconds(86_401) } == "interval")
    for distance in [-1, 256, Float.nan, .infinity] {
      #expect(name { $0.duplicateDistance = distance } == "duplicate-distance")
    }
    #expect(name { $0.jpegQuality = 0 } == "jpeg-quality")
    #expect(name { $0.maximumSide = 31 } == "maximum-side")
    #expect(name { $0.reservedBytes = -1 } == "reserved-bytes")
    #expect(throws: ReservoirError.self) {
      try Reservoir(directory: nil, options: ReservoirOptions(maximumFrames: 0))
    }
  }

  @Test func outcomesHaveTheNamesOfCounters() {
    let outcomes: [OfferOutcome] = [
      .kept(id: "a"), .replaced(["a"], by: "b"), .tooSoon, .duplicate(of: "a"), .crowded, .misdated,
      .tooLarge(bytes: 1), .diskFull(free: 1), .failed(.unknown(id: "a")),
    ]
    #expect(Set(outcomes.map(\.name)).count == outcomes.count)
    #expect(outcomes.compactMap(\.id) == ["a", "b"])
  }
}
