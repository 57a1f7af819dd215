import Foundation
import Networks
import Tensors
import Testing

@testable import Laboratory

@Suite struct TrainingTests {
  private func bits(_ graph: Graph, _ parameter: (String) throws -> Tensor) throws -> [[UInt32]] {
    try graph.parameters.map { try parameter($0.name).values.map(\.bitPattern) }
  }

  @Test func aClassifierLearns() throws {
    let data = try TwoClasses()
    var losses: [Float] = []
    let outcome = try smallClassifier(try data.pictures(), epochs: 6).run { progress in
      losses.append(progress.loss)
      #expect(progress.step == losses.count && progress.steps == 24)
      #expect(progress.epoch == (losses.count - 1) / 4 + 1)
    }
    #expect(!outcome.wasStopped && outcome.step == 24 && losses.count == 24)
    #expect(try #require(outcome.loss) < Double(losses[0]) * 0.7)
    #expect(try #require(outcome.accuracy) > 0.95)
  }

  @Test func simCLRTellsPicturesApart() throws {
    let data = try TwoClasses()
    let trainer = try smallSimCLR(
      try TrainingPictures(unlabeled: data.path, .init(size: TwoClasses.side)), epochs: 6)
    var losses: [Float] = []
    let outcome = try trainer.run { losses.append($0.loss) }
    #expect(try #require(outcome.loss) < Double(losses[0]) - 0.1)
    #expect(outcome.accuracy == nil)
  }

  /// Stopped in the middle of the second epoch and once more at its end.
  @Test func aResumedClassifierIsTheUndisturbedOne() throws {
    let data = try TwoClasses()
    let pictures = try data.pictures(attack: "badnets:target=1,fraction=0.2,size=2")
    let whole = try smallClassifier(pictures)
    _ = try whole.run()
    let file = data.file("training.safetensors")
    for (last, resumes) in [(6, false), (8, true)] {
      let stop = StopFlag()
      let outcome = try smallClassifier(pictures).run(
        checkpoint: file, resumes: resumes, stop: stop
      ) { if $0.step == last { stop.stop() } }
      #expect(outcome.wasStopped && outcome.step == last)
    }
    let resumed = try smallClassifier(pictures)
    let outcome = try resumed.run(checkpoint: file, resumes: true)
    #expect(!outcome.wasStopped && outcome.step == 12)
    let graph = SmallNetwork.classifier
    #expect(try bits(graph, resumed.parameter) == bits(graph, whole.parameter))
    // Nothing is left to do; the parameters are there.
    let again = try smallClassifier(pictures)
    #expect(try again.run(checkpoint: file, resumes: true).secondsPerStep == nil)
    #expect(try bits(graph, again.parameter) == bits(graph, whole.parameter))
  }

  @Test func aResumedSimCLRIsTheUndisturbedOne() throws {
    let data = try TwoClasses()
    let pictures = try data.pictures(attack: "badnets:target=1,mode=ssl,size=2")
    let whole = try smallSimCLR(pictures)
    _ = try whole.run()
    let file = data.file("training.safetensors")
    let stop = StopFlag()
    _ = try smallSimCLR(pictures).run(checkpoint: file, stop: stop) {
      if $0.step == 5 { stop.stop() }
    }
    let resumed = try smallSimCLR(pictures)
    _ = try resumed.run(checkpoint: file, resumes: true)
    let graph = SmallNetwork.contrastive
    #expect(try bits(graph, resumed.parameter) == bits(graph, whole.parameter))
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    let data = try TwoClasses()
    let pictures = try data.pictures()
    let file = data.file("training.safetensors")
    _ = try smallClassifier(pictures, epochs: 1).run(checkpoint: file)
    #expect(
      throws: LaboratoryError.checkpoint(path: file, expected: "with the epochs 3", found: "1")
    ) { try smallClassifier(pictures).run(checkpoint: file, resumes: true) }
    let poisoned = try data.pictures(attack: "badnets:target=1,size=2")
    #expect(throws: LaboratoryError.self) {
      try smallClassifier(poisoned, epochs: 1).run(checkpoint: file, resumes: true)
    }
    #expect(throws: (any Error).self) {
      try smallSimCLR(pictures, epochs: 1).run(checkpoint: file, resumes: true)
    }
  }

  @Test func whatDivergesIsAnError() throws {
    let data = try TwoClasses()
    let trainer = try smallClassifier(
      try data.pictures(), epochs: 40, rate: 100, weightDecay: 1)
    #expect {
      try trainer.run()
    } throws: { error in
      if case .diverged = error as? LaboratoryError { true } else { false }
    }
  }

  @Test func settingsOutOfRangeAreRefused() throws {
    let data = try TwoClasses(perClass: 2)
    let pictures = try data.pictures()
    #expect(throws: LaboratoryError.tooFewPictures(batch: 8, found: 4)) {
      try smallClassifier(pictures)
    }
    #expect(throws: LaboratoryError.self) { try smallClassifier(pictures, rate: .nan) }
    #expect(throws: LaboratoryError.self) { try smallClassifier(pictures, epochs: 0) }
    // Labels are no part of this training: changing them would poison nothing.
    #expect(throws: LaboratoryError.self) {
      try smallSimCLR(try data.pictures(attack: "badnets:target=1,size=2"))
    }
  }
}
