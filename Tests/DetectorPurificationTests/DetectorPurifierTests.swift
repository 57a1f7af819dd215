import DataSets
import Foundation
import Models
import Purification
import Tensors
import Testing

@testable import DetectorPurification

/// Whole purifications of a small detector.
@Suite struct DetectorPurifierTests {
  private let options = DetectorMaterial.options

  private func purifier(
    _ material: DetectorMaterial, _ options: PurificationOptions
  ) throws -> DetectorPurifier {
    try material.purifier(options)
  }

  @Test func theTrunkMovesAndTheHeadStays() throws {
    let material = try DetectorMaterial()
    let purifier = try purifier(material, options)
    var steps: [Int] = []
    let result = try purifier.run(progress: { steps.append($0.step) })
    #expect(result.losses.count == 12 && result.frames == 6 && result.searched.count == 3)
    #expect(steps == [0, 0, 0] + Array(1...12))
    #expect(result.losses.allSatisfy { $0.isFinite && $0.pull > 0 })
    // The search finds what moves the maps further.
    #expect(result.searched[2] > result.searched[0])
    let moved = "backbone.body.layer3.0.conv1.weight"
    #expect(try purifier.parameter(moved) != material.bundle.tensor(moved))
    for name in ["backbone.fpn.inner_blocks.0.0.weight", "rpn.head.conv.0.0.weight"] {
      #expect(try purifier.parameter(name) == nil)
    }
  }

  @Test func interpolationGoesBackTowardsTheGivenWeights() throws {
    let material = try DetectorMaterial()
    let name = "backbone.body.layer3.0.conv1.weight"
    func weights(_ interpolation: Float) throws -> Tensor {
      var options = options
      options.interpolation = interpolation
      let purifier = try purifier(material, options)
      _ = try purifier.run()
      return try #require(try purifier.parameter(name))
    }
    let (before, end, middle) = (
      try material.bundle.tensor(name), try weights(1), try weights(0.5)
    )
    for index in middle.values.indices {
      let expected = (before.values[index] + end.values[index]) / 2
      #expect(abs(middle.values[index] - expected) < 1e-6)
    }
    #expect(end != before)
  }

  /// What the shared perturbations move, the student moves back: most of it within few steps.
  @Test func pullingHelps() throws {
    let material = try DetectorMaterial()
    var options = options
    options.pruning = 0
    options.epochs = 8
    options.learningRate = 0.01
    options.lambda = .init(pull: 0.5, distillation: 0.5, fineTuning: 0)
    options.restartEvery = 0
    let losses = try purifier(material, options).run().losses
    let first = losses.prefix(3).reduce(0) { $0 + $1.pull }
    let last = losses.suffix(3).reduce(0) { $0 + $1.pull }
    #expect(last < 0.8 * first, "\(losses.map(\.pull))")
  }

  @Test func aSeedDecidesEverything() throws {
    let material = try DetectorMaterial()
    let name = "backbone.body.layer4.1.conv2.weight"
    func weights(_ seed: UInt64) throws -> Tensor? {
      var options = options
      (options.epochs, options.seed) = (1, seed)
      let purifier = try purifier(material, options)
      _ = try purifier.run()
      return try purifier.parameter(name)
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) != first)
  }

  /// The anchors of a view at another scale are other maps.
  @Test func scalesChangeWhatIsLearntFrom() throws {
    let material = try DetectorMaterial()
    func losses(_ views: PurificationOptions.Views) throws -> [Float] {
      var options = options
      (options.epochs, options.views) = (1, views)
      return try purifier(material, options).run().losses.map(\.pull)
    }
    #expect(try losses(.weak) != losses(.scaled))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let material = try DetectorMaterial(pictures: 2)
    var wrong = options
    wrong.sharedWarps = 1
    #expect(throws: PurificationError.self) { _ = try purifier(material, wrong) }
    #expect(throws: PurificationError.self) { _ = try purifier(material, .paperCIFAR10) }
    wrong = options
    wrong.views = .simclr
    #expect {
      _ = try purifier(material, wrong)
    } throws: { error in
      guard case PurificationError.option("views", _, "simclr") = error else { return false }
      return true
    }
    wrong = options
    wrong.batch = 3
    #expect(throws: PurificationError.tooFewImages(found: 2, needed: 3)) {
      _ = try purifier(material, wrong)
    }
    var wild = options
    wild.learningRate = 1e6
    wild.epochs = 20
    #expect(throws: PurificationError.self) { _ = try purifier(material, wild).run() }
    let stopped = try purifier(material, options)
    #expect(throws: PurificationError.cancelled(epoch: 0)) {
      _ = try stopped.run(isCancelled: { true })
    }
  }

  @Test func brokenFramesAreLeftOutAndNamed() throws {
    let material = try DetectorMaterial(pictures: 3)
    let frames = material.folder.appending(path: "frames")
    try Data("no picture".utf8).write(to: frames.appending(path: "broken.jpg"))
    let set = try material.frames()
    #expect(set.count == 3 && set.skipped.count == 1)
    let frame = try set.frame(2)
    #expect(frame.width == 96 && frame.height == 64)
    #expect(throws: DataSetError.self) { _ = try material.frames(minimumCount: 4) }
  }
}
