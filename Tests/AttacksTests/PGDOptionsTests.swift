import Testing

@testable import Attacks

@Suite struct PGDOptionsTests {
  @Test(arguments: [
    ("", "epsilon=8,step=10,steps=1"), ("steps=7", "epsilon=8,step=10,steps=7"),
    ("steps=10,step=2.5,epsilon=16", "epsilon=16,step=2.5,steps=10"),
    ("epsilon=0.001", "epsilon=0.001,step=10,steps=1"),
  ])
  func readsAndWritesEveryOption(text: String, canonical: String) throws {
    let options = try PGDOptions(text, defaults: .fast)
    #expect(options.description == canonical)
    #expect(try PGDOptions(canonical, defaults: .labelConsistent) == options)
  }

  @Test(arguments: [
    ("epsilon=0", "expected epsilon to be a number from 0.001 to 255, found \"0\""),
    ("epsilon=256", "found \"256\""), ("step=nan", "found \"nan\""), ("step=-1", "found \"-1\""),
    ("steps=0", "expected steps to be a whole number from 1 to 10000, found \"0\""),
    ("steps=1e3", "found \"1e3\""), ("steps", "found \"steps\""),
    ("size=3", "expected an option of PGD (epsilon, step, steps), found \"size\""),
    ("steps=1,steps=1", "once"),
  ])
  func saysWhatIsWrong(text: String, expected: String) {
    let error = #expect(throws: AttackSpecificationError.self) {
      try PGDOptions(text, defaults: .fast)
    }
    let words = error.map { "\($0)" } ?? ""
    #expect(words.contains(expected), "\(words)")
  }

  @Test func theBallIsOfPixelsUpToOne() throws {
    let ball = try PGDOptions("epsilon=51,step=25.5", defaults: .fast).ball
    #expect(ball.norm == .linf && ball.epsilon == 0.2 && ball.step == 0.1)
  }

  /// Of all attacks one perturbs pictures before its trigger goes in.
  @Test func onlyTheLabelConsistentAttackPerturbs() throws {
    for name in AttackSpecification.attacks {
      let perturbation = try AttackSpecification(name).perturbation
      #expect(perturbation == (name == "cla" ? .labelConsistent : nil), "\(name)")
    }
    #expect(
      try AttackSpecification("cla:epsilon=16,steps=5").perturbation?.description
        == "epsilon=16,step=1.5,steps=5")
  }
}
