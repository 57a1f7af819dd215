import Detection
import Engine
import Frames
import Models
import Scenes
import Testing

@testable import Gate

/// The delivered model on rendered scenes, and copies of it with damage.
@Suite struct RealModelTests {
  private static let damaged = "backbone.body.layer1.1.conv2.weight"

  private func detector(_ bundle: ModelBundle) throws -> GateModel {
    GateModel(
      detector: try FasterRCNN(bundle: bundle, options: EngineOptions(threads: 2)), bundle: bundle)
  }

  private func scenes(_ count: Int) throws -> GateFrames {
    let scene = try Scene(SceneOptions(width: 320, height: 240, seed: 7))
    return GateFrames(try (0..<count).map { try scene.frame(at: $0 * 80).image })
  }

  private var gate: CandidateGate {
    get throws {
      var options = GateOptions()
      (options.triggers, options.objectTriggers) = (4, 1)
      options.thresholds.minimumFrames = 10
      options.thresholds.minimumDetections = 30
      // Other tests run beside this one.
      options.thresholds.slowdown = 1000
      return try CandidateGate(options)
    }
  }

  @Test func theModelItselfPassesAndADamagedOneDoesNot() throws {
    let serving = try detector(DefaultModel.bundle())
    let frames = try scenes(10)
    let same = try gate.judge(
      serving: serving, candidate: detector(DefaultModel.bundle()), frames: frames)
    #expect(same.verdict == .passed, "\(same.verdict)")
    #expect(same.agreement?.total.f1 == 1 && same.agreement?.total.scoreDifference == 0)
    #expect(same.servingUnderTriggers == same.candidateUnderTriggers)
    // Triggers do something, and not everything.
    let share = try #require(same.servingUnderTriggers?.total.share)
    #expect(share > 0.5 && share < 1, "\(share)")

    let copy = try DefaultModel.copy { bytes, range in
      for index in try range(Self.damaged) { bytes[index] = 0 }
    }
    let damaged = try gate.judge(
      serving: serving, candidate: detector(copy.bundle()), frames: frames)
    #expect(damaged.weights.isSound)
    let agreement = try #require(damaged.checks.first { $0.name == "agreement" })
    #expect(agreement.outcome == .failed, "\(agreement.reason)")
  }
}
