import Engine
import Frames
import Models
import Networks
import Tensors

/// Times single steps of a detector's training on noise with some objects, random weights.
public final class DetectorStepMeasurement {
  private let options: DetectorTrainingOptions
  private let pass: DetectorPass
  private let optimiser: StochasticGradientDescent
  private let samples: [DetectionAugmentation.Sample]
  private var step = 0

  /// Compiles the training for pictures of one size.
  /// - Throws: `DetectorTrainingError`, `EngineError`, `ImageError`.
  public init(
    _ options: DetectorTrainingOptions, width: Int, height: Int, engine: Engine
  ) throws {
    try options.validate()
    self.options = options
    let start = try DetectorStart(
      options.architecture, classes: options.classes, origin: .scratch, seed: 1)
    let store = try ParameterStore(options.architecture.network.parameters) {
      try start.parameter($0)
    }
    pass = try DetectorPass(options, store: store, normalisation: .imagenet, engine: engine)
    optimiser = try StochasticGradientDescent(
      store, momentum: 0.9, weightDecay: 1e-4, isTrained: options.isTrained)
    var random = SeededRandom(1)
    let name = options.classes[0]
    samples = try (0..<options.settings.batch).map { _ in
      let pixels = (0..<(width * height * 3)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      let truths = (0..<Self.objects).map { _ in
        let x = random.uniform(0...(0.7 * Float(width)))
        let y = random.uniform(0...(0.7 * Float(height)))
        return GroundTruth(
          box: Box(x1: x, y1: y, x2: x + 0.25 * Float(width), y2: y + 0.25 * Float(height)),
          label: name)
      }
      return DetectionAugmentation.Sample(
        image: try Image(width: width, height: height, pixels: pixels), truths: truths,
        shorterSide: min(width, height))
    }
  }

  /// True objects of a picture.
  private static let objects = 5

  /// Bytes that the plans hold.
  public var memoryBytes: Int { pass.memoryBytes }

  /// Seconds of one step: forward and backward passes of the batch, descent, new weights.
  /// - Throws: `EngineError`, `DetectorTrainingError`.
  public func seconds() throws -> Double {
    let clock = ContinuousClock()
    let started = clock.now
    for (row, sample) in samples.enumerated() {
      _ = try pass.learn(
        sample, random: SeededRandom(UInt64(step), UInt64(row)),
        weight: 1 / Float(samples.count), accumulates: row > 0)
    }
    // A rate at which random weights stay finite.
    try optimiser.step(rate: 1e-5)
    try pass.load()
    step += 1
    return (clock.now - started).seconds
  }
}
