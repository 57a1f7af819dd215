import Backbones
import DataSets
import Engine
import Frames
import Models
import Tensors

/// How long a step of Contrastive Backdoor Defense takes, beside the time that its convolutions take
/// alone with the same kernels: the ceiling of what could be had. One thread uses it.
public final class StepMeasurement {
  private let trainer: PurificationTrainer
  private let options: PurificationOptions
  private var steps = 0

  /// Compiles the plans, for noise as pictures.
  /// - Throws: `PurificationError`, `EngineError`, or what reading the file throws.
  public init(_ file: BackboneFile, engine: Engine, options: PurificationOptions) throws {
    try options.validate()
    var random = SeededRandom(options.seed)
    let count = file.side * file.side * 3
    let pictures = try (0..<options.batch).map { _ in
      try Image(
        width: file.side, height: file.side,
        pixels: (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }
    self.options = options
    trainer = try PurificationTrainer(
      file, images: ImageSet(pictures), engine: engine, options: options)
  }

  /// Bytes that the plans hold.
  public var planBytes: Int { trainer.memoryBytes }

  /// Seconds of one step: views, teacher, adversary, three passes of the student, descent, packing.
  public func step() throws -> Double {
    steps += 1
    return try seconds { _ = try trainer.step(epoch: steps, step: 0) }
  }

  /// Seconds that the convolutions of one step take alone, in the paper's arithmetic: those of the
  /// adversary's steps, of two more forward passes, and of three forward and backward passes.
  public func convolutions() throws -> Double {
    try seconds { try trainer.runConvolutionsAlone(pgdSteps: options.pgdSteps) }
  }

  /// Seconds of one step of the adversary, and of its convolutions alone; both are means over a
  /// batch's steps, as single passes scatter.
  public func pgdStep() throws -> (whole: Double, convolutions: Double) {
    let steps = max(options.pgdSteps, 1)
    return (
      try seconds { try trainer.runAdversaryAlone() } / Double(steps),
      try seconds { for _ in 0..<steps { try trainer.runPGDConvolutionsAlone() } } / Double(steps)
    )
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let started = clock.now
    try body()
    return (clock.now - started).seconds
  }
}

extension PurificationTrainer {
  func runPGDConvolutionsAlone() throws { try source.runConvolutionsAlone() }

  func runConvolutionsAlone(pgdSteps: Int) throws {
    for _ in 0..<pgdSteps { try source.runConvolutionsAlone() }
    try teacher.embed(first, into: target)
    try source.forward(first, into: anchors)
    for _ in 0..<3 { try student.runConvolutionsAlone() }
  }

  func runAdversaryAlone() throws {
    var random = SeededRandom(options.seed)
    _ = try instance?.perturb(
      anchors: anchors.readable, clean: first, into: adversarial, random: &random)
  }
}
