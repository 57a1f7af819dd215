import Detection
import Foundation
import Frames
import Models
import Testing

@testable import Gate

/// How a judgement runs: frames, order, errors, cancellation.
@Suite struct CandidateGateRunTests {
  private struct Broken: Error, CustomStringConvertible { var description = "no picture" }

  private let bundle: ModelBundle

  init() throws { bundle = try DefaultModel.shared.get() }

  private func model(
    classes: [String] = ScriptedDetector.classNames, _ answer: @escaping ScriptedDetector.Answer
  ) -> GateModel {
    GateModel(detector: ScriptedDetector(classes: classes, answer), bundle: bundle)
  }

  private var three: GateModel { model { frame, _, _ in ScriptedDetector.three(frame) } }

  private var options: GateOptions {
    var options = GateOptions()
    (options.triggers, options.objectTriggers) = (4, 1)
    options.thresholds.minimumFrames = 16
    options.thresholds.slowdown = 1000
    return options
  }

  @Test func theSeedDecidesEverythingButSpeed() throws {
    func run(_ seed: UInt64) throws -> (report: GateReport, read: [Int]) {
      var options = options
      (options.seed, options.frames) = (seed, 18)
      var read: [Int] = []
      // The serving model answers to the picture, so that other triggers make other numbers.
      let nervous: ScriptedDetector.Answer = { frame, _, image in
        ScriptedDetector.three(frame).map {
          var detection = $0
          detection.score -= Float(image.pixels[3 * Int($0.box.x1)] % 32) / 64
          return detection
        }
      }
      let report = try CandidateGate(options).judge(
        serving: model(nervous), candidate: three,
        frames: GateFrames(count: 40) {
          read.append($0)
          return try ScriptedDetector.frame($0)
        })
      return (report, read)
    }
    let (one, again, other) = (try run(1), try run(1), try run(2))
    #expect(one.read == again.read && one.read.count == 18 && Set(one.read).count == 18)
    #expect(one.read == one.read.sorted() && one.read != other.read)
    #expect(one.report.agreement == again.report.agreement)
    #expect(one.report.servingUnderTriggers == again.report.servingUnderTriggers)
    #expect(one.report.candidateUnderTriggers == again.report.candidateUnderTriggers)
    #expect(one.report.servingUnderTriggers != other.report.servingUnderTriggers)
    let (checks, repeated) = (one.report.checks, again.report.checks)
    #expect(checks.filter { $0.name != "slowdown" } == repeated.filter { $0.name != "slowdown" })
  }

  @Test func framesThatCannotBeReadCostThemselves() throws {
    let report = try CandidateGate(options).judge(
      serving: model { frame, _, _ in
        if frame == 5 { throw Broken() }
        return ScriptedDetector.three(frame)
      }, candidate: three,
      frames: GateFrames(count: 24) { index in
        if index == 3 { throw Broken() }
        return try index == 4 ? Image(width: 4, height: 40) : ScriptedDetector.frame(index)
      })
    #expect(report.verdict == .passed, "\(report.verdict)")
    #expect(report.frames == 21 && report.skippedFrames == 3)
    #expect(report.skipped.first == "frame 3: no picture" && report.skipped.count == 3)
  }

  @Test func aCandidateThatFailsIsRejected() throws {
    let serving = ScriptedDetector { frame, _, _ in ScriptedDetector.three(frame) }
    let report = try CandidateGate(options).judge(
      serving: GateModel(detector: serving, bundle: bundle),
      candidate: model { frame, isTriggered, _ in
        if isTriggered, frame == 2 { throw Broken() }
        return ScriptedDetector.three(frame)
      }, frames: ScriptedDetector.frames(24))
    #expect(
      report.verdict
        == .rejected(reasons: ["failed detections: expected at most 0, found 1 (no picture)"]))
    // Nothing is looked at any more once that is known.
    #expect(serving.calls <= 3 * 6)
  }

  @Test func itCanBeStopped() throws {
    let detector = ScriptedDetector { frame, _, _ in ScriptedDetector.three(frame) }
    let serving = GateModel(detector: detector, bundle: bundle)
    var asked = 0
    #expect(throws: GateError.cancelled) {
      try CandidateGate(options).judge(
        serving: serving, candidate: three, frames: ScriptedDetector.frames(24),
        isCancelled: {
          asked += 1
          return asked == 10
        })
    }
    #expect(detector.calls < 10 && detector.calls > 0)
    let calls = detector.calls
    #expect(throws: GateError.cancelled) {
      try CandidateGate(options).judge(
        serving: serving, candidate: three, frames: ScriptedDetector.frames(24),
        isCancelled: { true })
    }
    #expect(detector.calls == calls)
  }

  @Test func itSaysHowFarItIs() throws {
    var seen: [CandidateGate.Progress] = []
    _ = try CandidateGate(options).judge(
      serving: three, candidate: three, frames: ScriptedDetector.frames(5),
      progress: { seen.append($0) })
    #expect(seen.map(\.done) == [1, 2, 3, 4, 5] && seen.allSatisfy { $0.total == 5 })
    #expect(seen.last?.secondsLeft == 0)
  }

  @Test func aDetectorOfAnotherFolderIsRefused() throws {
    #expect(
      throws: GateError.classes(expected: ScriptedDetector.classNames, found: ["dog"])
    ) {
      try CandidateGate(options).judge(
        serving: three, candidate: model(classes: ["dog"]) { _, _, _ in [] },
        frames: ScriptedDetector.frames(5))
    }
  }

  @Test func optionsAreChecked() {
    let changes: [(String, (inout GateOptions) -> Void)] = [
      ("frames", { $0.frames = 0 }), ("frames", { $0.frames = 5000 }),
      ("triggers", { $0.triggers = 3 }), ("objectTriggers", { $0.objectTriggers = -1 }),
      ("minimumScore", { $0.minimumScore = 0 }), ("minimumScore", { $0.minimumScore = .nan }),
      ("agreement", { $0.thresholds.agreement = 1.5 }),
      ("slowdown", { $0.thresholds.slowdown = .nan }),
      ("minimumDetections", { $0.thresholds.minimumDetections = 0 }),
    ]
    for (name, change) in changes {
      var options = GateOptions()
      change(&options)
      #expect {
        try CandidateGate(options)
      } throws: { error in
        guard case .option(let found, _, _)? = error as? GateError else { return false }
        return found == name
      }
    }
  }

  @Test func largeFramesAreReduced() throws {
    let frames = GateFrames(count: 1) { _ in try Image(width: 3840, height: 2160) }
    let frame = try frames.frame(0)
    #expect(frame.width * frame.height <= GateFrames.maximumPixels)
    #expect(abs(Double(frame.width) / Double(frame.height) - 16 / 9) < 0.01)
    #expect(GateFrames(count: -3) { _ in throw Broken() }.chosen(4, seed: 1).isEmpty)
  }
}
