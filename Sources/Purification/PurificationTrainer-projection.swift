import Engine
import Tensors

extension PurificationTrainer {
  /// Trains the projection head on the given backbone's embeddings, where there is to be one. From the
  /// seed alone, so that a run that is resumed has the same head.
  /// - Returns: the loss of each of its steps.
  func trainProjection(_ progress: () throws -> Void) throws -> [Float] {
    guard let projection else { return [] }
    let schedule = CosineSchedule(
      rate: options.learningRate, steps: stepsPerEpoch * options.projectionEpochs)
    return try projection.train(
      temperature: options.temperature, momentum: options.momentum,
      weightDecay: options.weightDecay, schedule: schedule
    ) { step, embeddings in
      let (epoch, place) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
      let picked = pictures(ofStep: place, order: SeededRandom(options.seed, 8, UInt64(epoch)))
      try view(picked, SeededRandom(options.seed, 9, UInt64(step)), count: 2)
      for (half, pixels) in [first, second].enumerated() {
        try teacher.embed(pixels, into: target)
        _ = embeddings[(half * target.count)...].update(from: target.values)
      }
      try progress()
    }
  }
}
