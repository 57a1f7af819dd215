import Cameras
import CoreMetrics
import Foundation
import Frames
import Logging
import Testing

@testable import Pipeline

/// Runs a pipeline for the duration of a test.
func withPipeline(
  _ cameras: [CameraSpecification], detector: PreparedDetector = RectangleDetector.prepared(),
  minimumScore: Float = 0, watching: WatchOptions = .init(), hooks: Pipeline.Hooks = .init(),
  _ body: (Pipeline) async throws -> Void
) async throws {
  var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  logger.logLevel = .critical
  let pipeline = Pipeline(
    detector: detector, minimumScore: minimumScore, watching: watching, hooks: hooks,
    metrics: NOOPMetricsHandler.instance, logger: logger)
  try await pipeline.apply(cameras)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await pipeline.run() }
    do {
      try await body(pipeline)
    } catch {
      group.cancelAll()
      throw error
    }
    group.cancelAll()
    try await group.waitForAll()
  }
}

/// Waits for a condition that becomes true soon; fails the test where it does not within 10 s.
func eventually(
  _ what: String, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(10)
  while ContinuousClock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("not within 10 s: \(what)")
}

@Suite(.serialized) struct PipelineTests {
  private func camera(_ x: Int, period: Duration = .milliseconds(5)) throws -> ScriptedCamera {
    ScriptedCamera([.picture(.rgb(try rectangles(x: x)))], period: period)
  }

  private func firstFrame(_ channel: CameraChannel) async -> FrameResult? {
    for await view in channel.views.subscribe() {
      if case .frame(let result) = view { return result }
    }
    return nil
  }

  @Test func framesComeOutWithTheirDetectionsAndStages() async throws {
    try await withPipeline([camera(32).specification("a")]) { pipeline in
      let result = try #require(await firstFrame(pipeline.channel("a")))
      #expect(result.detections.map(\.label) == ["red", "blue"])
      #expect(result.detections[0].box == Box(x1: 32, y1: 8, x2: 48, y2: 20))
      #expect(result.detections[1].box == Box(x1: 32, y1: 40, x2: 56, y2: 56))
      #expect(result.stages.map(\.stage) == ["capture", "decode", "wait", "search", "publish"])
      #expect(result.latency > 0 && result.latency < 5)
      #expect(result.model == "rectangles")
      #expect(pipeline.model?.classes == ["red", "blue"])
      #expect(pipeline.model?.engine == "plain f32, 1 thread")
    }
  }

  @Test func weakDetectionsAreNotPublished() async throws {
    try await withPipeline([camera(32).specification("a")], minimumScore: 0.5) { pipeline in
      let result = try #require(await firstFrame(pipeline.channel("a")))
      #expect(result.detections.map(\.label) == ["red"])
      pipeline.set(minimumScore: 0.3)
      try await eventually("the weaker detection is published") {
        try pipeline.channel("a").latest?.detections.count == 2
      }
    }
  }

  @Test func slowDetectorSkipsFramesAndHoldsTheNewest() async throws {
    let behaviour = RectangleDetector.Behaviour()
    behaviour.pause.withLock { $0 = 0.05 }
    try await withPipeline(
      [camera(8, period: .milliseconds(2)).specification("a")],
      detector: RectangleDetector.prepared("slow", behaviour)
    ) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("five frames detected") { channel.snapshot.detected >= 5 }
      let snapshot = channel.snapshot
      #expect(snapshot.skipped > snapshot.detected)
      // Everything delivered was detected, was overtaken, or is one of the few under way.
      #expect(snapshot.delivered - snapshot.detected - snapshot.skipped <= 4)
      // A frame waits at most for one inference before its own.
      let latency = try #require(channel.latest?.latency)
      #expect(latency < 0.5)
    }
  }

  @Test func camerasTakeTurns() async throws {
    let behaviour = RectangleDetector.Behaviour()
    behaviour.pause.withLock { $0 = 0.01 }
    try await withPipeline(
      [
        camera(8, period: .milliseconds(1)).specification("a"),
        camera(40, period: .milliseconds(1)).specification("b"),
      ], detector: RectangleDetector.prepared("slow", behaviour)
    ) { pipeline in
      let (a, b) = (try pipeline.channel("a"), try pipeline.channel("b"))
      try await eventually("both have frames") {
        a.snapshot.detected + b.snapshot.detected >= 30
      }
      let difference = Int(a.snapshot.detected) - Int(b.snapshot.detected)
      #expect(abs(difference) <= 6)
      #expect(b.latest?.detections.first?.box.x1 == 40)
    }
  }

  @Test func brokenPicturesAreCountedAndSkipped() async throws {
    let good = try JPEGEncoder(quality: 95).encode(rectangles(x: 16))
    let camera = ScriptedCamera([
      .picture(.jpeg(Array(good.prefix(good.count / 2)))), .picture(.jpeg(good)),
      .picture(.jpeg([])), .picture(.yuyv([1, 2, 3], width: 96, height: 64, bytesPerLine: 192)),
    ])
    try await withPipeline([camera.specification("a")]) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("good and bad pictures went through") {
        channel.snapshot.detected >= 3 && (channel.snapshot.refused["undecodable"] ?? 0) >= 3
      }
      #expect(channel.latest?.frame.jpeg == good)
      #expect(channel.status.state == .degraded)
    }
  }

  @Test func lostCameraIsOfflineAndComesBack() async throws {
    let camera = ScriptedCamera(
      [.picture(.rgb(try rectangles(x: 8))), .lost], repeats: false)
    try await withPipeline([camera.specification("a")]) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("the camera is offline") { channel.status.state == .offline }
      #expect(channel.status.reason == "the camera is lost: unplugged")
      #expect(channel.latest == nil)
      #expect(channel.snapshot.mode == nil)
      #expect(camera.isOpen.withLock { $0 } == false)
      let again = try rectangles(x: 24)
      camera.steps.withLock { $0 = [.picture(.rgb(again))] + $0.prefix(1) }
      try await eventually("the camera was opened again") { channel.snapshot.reopened >= 1 }
      try await eventually("it shows something again") {
        channel.latest?.detections.first?.box.x1 == 24 || channel.snapshot.detected > 1
      }
    }
  }

  @Test func cameraThatCannotBeOpenedSaysWhy() async throws {
    let camera = try camera(8)
    camera.openFailure.withLock { $0 = "no such device" }
    try await withPipeline([camera.specification("a")]) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("the camera is offline") { channel.status.state == .offline }
      #expect(channel.status.reason == "no such device")
      var views = channel.views.subscribe().makeAsyncIterator()
      guard case .noVideo(let status) = await views.next() else {
        Issue.record("expected no video")
        return
      }
      #expect(status.reason == "no such device")
    }
  }

  @Test func clientsPicturesAreAnsweredBetweenFrames() async throws {
    try await withPipeline([camera(8).specification("a")]) { pipeline in
      let answer = try await pipeline.detect(rectangles(x: 50))
      #expect(answer.detections.first?.box.x1 == 50)
      #expect(answer.stages.map(\.stage) == ["wait", "search"])
      #expect(answer.model == "rectangles")
    }
  }

  @Test func framesGoOnWhileANewDetectorIsMade() async throws {
    try await withPipeline([camera(8).specification("a")]) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("the first model works") { channel.snapshot.detected > 0 }
      let mayBeMade = DispatchSemaphore(value: 0)
      async let replaced: Void = pipeline.replace(
        with: PreparedDetector(name: "slow") {
          mayBeMade.wait()
          return try RectangleDetector.prepared().make()
        })
      let before = channel.snapshot.detected
      try await eventually("the old model goes on") { channel.snapshot.detected > before + 3 }
      #expect(pipeline.model?.name == "rectangles")
      mayBeMade.signal()
      try await replaced
      #expect(pipeline.model?.name == "slow")
    }
  }

  @Test func newDetectorTakesOverAndABadOneDoesNot() async throws {
    try await withPipeline([camera(8).specification("a")]) { pipeline in
      try await eventually("the first model works") { pipeline.model?.generation == 1 }
      await #expect(throws: RectangleDetector.Failure.self) {
        try await pipeline.replace(
          with: PreparedDetector(name: "bad") {
            throw RectangleDetector.Failure(description: "wrong shapes")
          })
      }
      #expect(pipeline.model?.name == "rectangles")
      let broken = RectangleDetector.Behaviour()
      broken.failure.withLock { $0 = "computes nonsense" }
      await #expect(throws: RectangleDetector.Failure.self) {
        try await pipeline.replace(with: RectangleDetector.prepared("broken", broken))
      }
      #expect(pipeline.model?.generation == 1)
      try await pipeline.replace(with: RectangleDetector.prepared("new"))
      #expect(pipeline.model?.name == "new")
      #expect(pipeline.model?.generation == 2)
      try await eventually("frames of the new model") {
        try pipeline.channel("a").latest?.model == "new"
      }
    }
  }

  @Test func firstDetectorThatFailsEndsThePipeline() async throws {
    let broken = RectangleDetector.Behaviour()
    broken.failure.withLock { $0 = "weights are missing" }
    let pipeline = Pipeline(
      detector: RectangleDetector.prepared("broken", broken), minimumScore: 0,
      metrics: NOOPMetricsHandler.instance,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    await #expect(throws: PipelineError.detector("weights are missing")) {
      try await pipeline.run()
    }
    await #expect(throws: PipelineError.stopped) { try await pipeline.detect(rectangles(x: 8)) }
  }

  @Test func detectorThatFailsForLongIsNotReady() async throws {
    let behaviour = RectangleDetector.Behaviour()
    try await withPipeline(
      [camera(8, period: .milliseconds(1)).specification("a")],
      detector: RectangleDetector.prepared("a", behaviour)
    ) { pipeline in
      try await eventually("it works") { pipeline.isReady }
      behaviour.failure.withLock { $0 = "out of memory" }
      try await eventually("it is not ready") { !pipeline.isReady }
      #expect(pipeline.lastFailure == "out of memory")
      #expect(pipeline.statusLine.contains("the inference fails: out of memory"))
      behaviour.failure.withLock { $0 = nil }
      try await eventually("it is ready again") { pipeline.isReady }
      #expect(pipeline.lastFailure == nil)
    }
  }

  @Test func hooksTellReadinessAndTurns() async throws {
    let ready = Broadcast<Void>()
    let turns = Broadcast<Int>()
    try await withPipeline(
      [camera(8).specification("a")],
      hooks: .init(
        onReady: { ready.send(()) }, onTurn: { turns.send((turns.latest ?? 0) + 1) })
    ) { _ in
      try await eventually("it is ready") { ready.latest != nil }
      try await eventually("it takes turns") { (turns.latest ?? 0) >= 5 }
    }
  }

  @Test func reloadKeepsWhatIsTheSame() async throws {
    let (first, second, third) = (try camera(8), try camera(16), try camera(24))
    try await withPipeline([first.specification("a"), second.specification("b")]) { pipeline in
      try await eventually("both show something") {
        pipeline.channels.allSatisfy { $0.latest != nil }
      }
      let kept = try pipeline.channel("a")
      try await pipeline.apply([
        CameraSpecification(name: "c", identity: "c", source: third), first.specification("a"),
      ])
      #expect(pipeline.channels.map(\.name) == ["c", "a"])
      #expect(try pipeline.channel("a") === kept)
      #expect(first.opened.withLock { $0 } == 1)
      #expect(second.isOpen.withLock { $0 } == false)
      #expect(throws: PipelineError.unknownCamera("b")) { try pipeline.channel("b") }
      try await eventually("the new camera shows something") {
        try pipeline.channel("c").latest?.detections.first?.box.x1 == 24
      }
      #expect(try pipeline.channel(nil).name == "c")
    }
    #expect(first.isOpen.withLock { $0 } == false)
    #expect(third.isOpen.withLock { $0 } == false)
  }

  @Test func accuracyIsKeptApartByTrigger() async throws {
    let truths = [
      GroundTruth(box: Box(x1: 8, y1: 8, x2: 24, y2: 20), label: "red"),
      GroundTruth(box: Box(x1: 60, y1: 0, x2: 90, y2: 30), label: "blue"),
    ]
    let camera = ScriptedCamera([.picture(.rgb(try rectangles(x: 8)))], truths: truths)
    try await withPipeline([camera.specification("a")]) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("accuracy without trigger") {
        (channel.latest?.accuracy?.clean?.frames ?? 0) > 5
      }
      let clean = try #require(channel.latest?.accuracy)
      // Red is found, blue is elsewhere.
      #expect(clean.clean?.averagePrecision == 0.5)
      #expect(clean.triggered == nil)
      #expect(channel.snapshot.trigger == false)
      try pipeline.setTrigger(true, camera: "a")
      try await eventually("accuracy with trigger") {
        (channel.latest?.accuracy?.triggered?.frames ?? 0) > 5
      }
      #expect(channel.snapshot.trigger == true)
      #expect(throws: PipelineError.unknownCamera("x")) {
        try pipeline.setTrigger(true, camera: "x")
      }
    }
  }
}
