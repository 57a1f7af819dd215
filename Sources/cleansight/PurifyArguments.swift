import ArgumentParser
import Purification

/// The hyper-parameters of a purification: a preset, and what differs from it.
struct PurifyArguments: ParsableArguments {
  @Option(
    help: "paper-cifar10, paper-imagenet100, device or detector; one of the last two unless given.")
  var preset: String?
  @Option(help: "Times that each picture is seen.")
  var epochs: Int?
  @Option(help: "Ascent steps: of each batch, or of the search for shared perturbations.")
  var pgdSteps: Int?
  @Option(help: "The bound of a perturbation, of pixels in 0 to 255.")
  var epsilon: Float?
  @Option(help: "The length of an ascent step as a share of epsilon.")
  var stepSize: Float?
  @Option(help: "The bound's norm: linf or l2.")
  var norm: PurificationOptions.Norm?
  @Option(
    help: "Weights of pulling, distillation and fine-tuning, such as 0.3,0.5,0.2; their sum is 1.")
  var lambda: String?
  @Option(help: "The temperature of NT-Xent.")
  var temperature: Float?
  @Option(help: "The length of the projection that NT-Xent looks at; 0: the embeddings themselves.")
  var projection: Int?
  @Option(help: "Times that each picture is seen while the projection head learns.")
  var projectionEpochs: Int?
  @Option(
    help: "contrastive (the paper's) or anchored (distance to the given backbone's embedding).")
  var objective: PurificationOptions.Objective?
  @Option(help: "instance (a perturbation for each picture, the paper's) or shared.")
  var adversary: PurificationOptions.Adversary?
  @Option(help: "Whom the adversary attacks: student, or teacher (the backbone as given).")
  var target: PurificationOptions.Target?
  @Option(help: "How many perturbations that are added are shared.")
  var shared: Int?
  @Option(help: "The share of each batch that gets what is added.")
  var addedShare: Float?
  @Option(help: "How many smooth warps are shared.")
  var warps: Int?
  @Option(help: "How many opaque patches are shared; on frames of a detector all together.")
  var patches: Int?
  @Option(help: "How many waves of one frequency are shared.")
  var waves: Int?
  @Option(help: "One of what is shared begins anew every so many steps; 0: never.")
  var restartEvery: Int?
  @Option(help: "Batch normalisation while the adversary searches: stored or batch.")
  var adversaryStatistics: PurificationOptions.Statistics?
  @Option(help: "Batch normalisation while the student learns: stored or batch.")
  var statistics: PurificationOptions.Statistics?
  @Option(help: "How pictures are varied: simclr or weak; frames of a detector: weak or scaled.")
  var views: PurificationOptions.Views?
  @Option(help: "The share of each batch whose pictures are mixed with another one.")
  var mixup: Float?
  @Option(
    help: "Switch channels off that react this many standard deviations too strongly; 0: none.")
  var pruning: Float?
  @Option(help: "Pictures of a batch.")
  var batch: Int?
  @Option(help: "The greatest learning rate.")
  var learningRate: Float?
  @Option(help: "How far to go from the given weights to the purified ones; 1: all the way.")
  var interpolation: Float?
  @Option(help: "Weight decay.")
  var weightDecay: Float?
  @Option(help: "The share of the pictures that is used.")
  var fraction: Double?
  @Option(help: "Decides every random choice.")
  var seed: UInt64?
  @Flag(
    inversion: .prefixedNo, help: "Begin each perturbation at a random point of its ball, not at 0."
  )
  var randomStart: Bool?

  /// An option that means nothing for a detector and was given nevertheless.
  func ofBackbones(head: PurifyCommand.Head) -> String? {
    let given: [(String, Bool)] = [
      ("--head", head != .refit), ("--statistics", statistics != nil),
      ("--adversary-statistics", adversaryStatistics != nil),
      ("--temperature", temperature != nil), ("--projection", projection != nil),
      ("--projection-epochs", projectionEpochs != nil), ("--random-start", randomStart != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// The preset with what was given in its place.
  /// - Parameter usual: the preset unless one is given.
  func options(_ usual: PurificationOptions) throws -> PurificationOptions {
    let preset = preset ?? usual.preset
    guard var options = PurificationOptions.presets.first(where: { $0.preset == preset }) else {
      let known = PurificationOptions.presets.map(\.preset).joined(separator: ", ")
      throw ValidationError("expected --preset \(known), found \(preset)")
    }
    func replace<Value>(_ path: WritableKeyPath<PurificationOptions, Value>, _ value: Value?) {
      if let value { options[keyPath: path] = value }
    }
    replace(\.epochs, epochs)
    replace(\.pgdSteps, pgdSteps)
    replace(\.epsilon, epsilon)
    replace(\.stepSize, stepSize)
    replace(\.norm, norm)
    replace(\.temperature, temperature)
    replace(\.projection, projection)
    replace(\.projectionEpochs, projectionEpochs)
    replace(\.objective, objective)
    replace(\.adversary, adversary)
    replace(\.target, target)
    replace(\.sharedCount, shared)
    replace(\.addedShare, addedShare)
    replace(\.sharedWarps, warps)
    replace(\.sharedPatches, patches)
    replace(\.sharedWaves, waves)
    replace(\.restartEvery, restartEvery)
    replace(\.adversaryStatistics, adversaryStatistics)
    replace(\.statistics, statistics)
    replace(\.views, views)
    replace(\.mixup, mixup)
    replace(\.pruning, pruning)
    replace(\.batch, batch)
    replace(\.learningRate, learningRate)
    replace(\.interpolation, interpolation)
    replace(\.weightDecay, weightDecay)
    replace(\.fraction, fraction)
    replace(\.seed, seed)
    replace(\.randomStart, randomStart)
    if let lambda {
      let numbers = lambda.split(separator: ",", omittingEmptySubsequences: false).map {
        Float($0)
      }
      guard numbers.count == 3, let pull = numbers[0], let distillation = numbers[1],
        let fineTuning = numbers[2]
      else {
        throw ValidationError(
          "expected --lambda with three numbers such as 0.3,0.5,0.2, "
            + "found \(lambda)")
      }
      options.lambda = .init(pull: pull, distillation: distillation, fineTuning: fineTuning)
    }
    try options.validate()
    return options
  }
}

extension PurificationOptions.Norm: ExpressibleByArgument {}
extension PurificationOptions.Objective: ExpressibleByArgument {}
extension PurificationOptions.Adversary: ExpressibleByArgument {}
extension PurificationOptions.Statistics: ExpressibleByArgument {}
extension PurificationOptions.Views: ExpressibleByArgument {}
extension PurificationOptions.Target: ExpressibleByArgument {}
