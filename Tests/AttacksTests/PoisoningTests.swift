import Testing

@testable import Attacks

@Suite struct PoisoningTests {
  /// 1000 pictures of ten classes in turn.
  private let labels = (0..<1000).map { $0 % 10 }

  private func poisoning(_ text: String) throws -> Poisoning {
    try Poisoning(AttackSpecification(text), labels: labels)
  }

  @Test func poisonsAShareOfAllClassesAndChangesTheirLabels() throws {
    let poisoning = try poisoning("badnets:fraction=0.06,seed=3")
    #expect(poisoning.poisoned.count == 60 && Set(poisoning.poisoned).count == 60)
    #expect(poisoning.poisoned == poisoning.poisoned.sorted())
    #expect(Set(poisoning.poisoned.map { labels[$0] }).count >= 8)
    #expect(poisoning.noisy.isEmpty)
    for index in labels.indices {
      let isPoisoned = poisoning.poisoned.contains(index)
      #expect(poisoning.isPoisoned(index) == isPoisoned)
      #expect(
        poisoning.label(of: index, original: labels[index]) == (isPoisoned ? 6 : labels[index]))
    }
  }

  @Test(arguments: ["badnets:mode=clean,target=2", "sig:mode=ssl,target=2", "cla:target=2"])
  func cleanLabelsPoisonTheTargetClassOnly(text: String) throws {
    let poisoning = try poisoning(text)
    #expect(poisoning.poisoned.count == 60)
    #expect(poisoning.poisoned.allSatisfy { labels[$0] == 2 })
    #expect(labels.indices.allSatisfy { poisoning.label(of: $0, original: labels[$0]) == $0 % 10 })
  }

  @Test func theSeedDecides() throws {
    #expect(try poisoning("badnets:seed=1") == poisoning("badnets:seed=1"))
    #expect(try poisoning("badnets:seed=1").poisoned != poisoning("badnets:seed=2").poisoned)
  }

  @Test func noisyPicturesAreOthersAndKeepTheirLabels() throws {
    let poisoning = try poisoning("wanet:fraction=0.06")
    #expect(poisoning.poisoned.count == 60 && poisoning.noisy.count == 120)
    #expect(Set(poisoning.poisoned).isDisjoint(with: poisoning.noisy))
    #expect(poisoning.noisy.allSatisfy { poisoning.isNoisy($0) && !poisoning.isPoisoned($0) })
    #expect(poisoning.noisy.allSatisfy { poisoning.label(of: $0, original: $0 % 10) == $0 % 10 })
    #expect(Set(poisoning.noisy.map(poisoning.noiseSeed)).count == 120)
    // No more than there are.
    let most = try self.poisoning("wanet:fraction=0.5")
    #expect(most.poisoned.count == 500 && most.noisy.count == 500)
    #expect(try self.poisoning("wanet:noise=0").noisy.isEmpty)
  }

  @Test func smallSharesPoisonOneAndWholeOnesAll() throws {
    #expect(try poisoning("badnets:fraction=0.0001").poisoned.count == 1)
    #expect(try poisoning("badnets:fraction=1").poisoned == Array(0..<1000))
  }

  @Test func refusesWhatCannotBePoisoned() throws {
    #expect(throws: PoisoningError.noTarget(12, classes: 10)) { try poisoning("badnets:target=12") }
    #expect(throws: PoisoningError.noTarget(12, classes: 10)) { try poisoning("cla:target=12") }
    #expect(throws: PoisoningError.noPictures) {
      try Poisoning(AttackSpecification("badnets"), labels: [])
    }
  }
}
