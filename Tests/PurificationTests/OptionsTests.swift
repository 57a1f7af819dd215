import Testing

@testable import Purification

@Suite struct OptionsTests {
  @Test(arguments: PurificationOptions.presets)
  func presetsAreValid(preset: PurificationOptions) throws { try preset.validate() }

  static let wrong: [(String, @Sendable (inout PurificationOptions) -> Void)] = [
    ("lambda", { $0.lambda.pull = 0.9 }), ("lambda", { $0.lambda.pull = -0.1 }),
    ("epsilon", { $0.epsilon = 0 }), ("epsilon", { $0.epsilon = -8 }),
    ("epsilon", { $0.epsilon = .nan }), ("step-size", { $0.stepSize = 0 }),
    ("temperature", { $0.temperature = 0 }), ("pgd-steps", { $0.pgdSteps = -1 }),
    ("epochs", { $0.epochs = 0 }), ("fraction", { $0.fraction = 0 }),
    ("fraction", { $0.fraction = 1.5 }), ("batch", { $0.batch = 1 }),
    ("learning-rate", { $0.learningRate = 0 }), ("learning-rate", { $0.learningRate = .infinity }),
    ("momentum", { $0.momentum = 1 }), ("weight-decay", { $0.weightDecay = -1 }),
    ("pruning", { $0.pruning = -1 }), ("projection", { $0.projection = -1 }),
    ("projection", { $0.projection = 1_000_000 }),
    ("projection-epochs", { $0.projectionEpochs = 0 }),
    (
      "projection",
      {
        $0 = .device
        $0.projection = 128
      }
    ),
  ]

  @Test(arguments: wrong.indices)
  func whatCannotBeIsNamed(index: Int) throws {
    let (name, change) = Self.wrong[index]
    var options = PurificationOptions.paperCIFAR10
    change(&options)
    #expect {
      try options.validate()
    } throws: { error in
      guard case PurificationError.option(let found, _, _) = error else { return false }
      return found == name
    }
  }
}
