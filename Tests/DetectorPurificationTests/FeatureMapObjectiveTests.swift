import Tensors
import Testing

@testable import DetectorPurification

@Suite struct FeatureMapObjectiveTests {
  private func buffer(_ values: [Float]) -> FloatBuffer {
    let buffer = FloatBuffer(count: values.count)
    _ = buffer.values.update(from: values)
    return buffer
  }

  /// Two positions of two channels: (0, 0) and (2, 4) lie √5 from their mean.
  @Test func spreadIsTheMeanSquaredDistanceFromTheMean() {
    let objective = FeatureMapObjective(maps: [buffer([0, 0, 2, 4])], channels: 2)
    #expect(abs(objective.spreads[0] - 5) < 1e-6)
  }

  @Test func lossAndGradientAreThoseOfTheDefinition() {
    let objective = FeatureMapObjective(spreads: [5, 2])
    let maps = [buffer([1, 2, 3, 4]), buffer([1, 1])]
    let anchors = [buffer([0, 2, 3, 6]), buffer([0, 0])]
    let gradients = maps.map { FloatBuffer(count: $0.count) }
    let losses = objective.evaluate(
      maps, anchors: anchors, frames: 1, channels: 2, gradients: gradients, weight: 3)
    // (1 + 4) / 2 positions / 5, and 2 / 1 / 2; the mean of both.
    #expect(losses.count == 1 && abs(losses[0] - (0.5 + 1) / 2) < 1e-6)
    let expected: [Float] = [0.3, 0, 0, -0.6]
    for (found, wanted) in zip(gradients[0].values, expected) {
      #expect(abs(found - wanted) < 1e-6)
    }
    #expect(abs(gradients[1].values[0] - 1.5) < 1e-6)
  }

  /// Two frames of one position each: 1 / 5 and 4 / 5, whose mean is the loss.
  @Test func framesAreToldApart() {
    let objective = FeatureMapObjective(spreads: [5])
    let maps = [buffer([1, 2, 3, 4])]
    let losses = objective.evaluate(
      maps, anchors: [buffer([0, 2, 3, 6])], frames: 2, channels: 2,
      gradients: [buffer([0, 0, 0, 0])],
      weight: 1)
    #expect(losses.count == 2 && abs(losses[0] - 0.2) < 1e-6 && abs(losses[1] - 0.8) < 1e-6)
  }
}
