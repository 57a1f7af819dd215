import Detection
import Engine
import Foundation
import Frames
import Logging
import Sifting
import SmallDetectors
import Synchronization
import Testing

@testable import Pipeline

/// The guard beside the inference, with a small detector of random weights.
@Suite(.serialized) struct CameraWatchTests {
  private func prepared() throws -> PreparedDetector {
    let model = try SmallDetector(pictures: [])
    return PreparedDetector(name: "small") {
      let engine = EngineOptions(precision: .f32, threads: 1)
      return (try FasterRCNN(bundle: model.bundle, options: engine), "plain")
    }
  }

  private func plain(noise: UInt8) throws -> Image {
    var image = try Image(width: 96, height: 64, red: 100, green: 100, blue: 100)
    for index in image.pixels.indices {
      let (x, y) = (index / 3 % 96, index / 288)
      image.pixels[index] += UInt8(x / 8)
      // As fine as can be: gone after a blur.
      if (x + y) % 2 == 0 { image.pixels[index] += noise }
    }
    return image
  }

  private func watching(_ interval: Double) -> WatchOptions {
    var options = WatchOptions()
    options.interval = interval
    options.guarding.learning = 2
    return options
  }

  @Test func aCameraThatShowsATriggerIsSuspect() async throws {
    let camera = ScriptedCamera([.picture(.rgb(try plain(noise: 0)))], period: .milliseconds(10))
    try await withPipeline(
      [camera.specification("a")], detector: prepared(), watching: watching(0.001)
    ) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("the camera is clean") { channel.verdict?.state == .clean }
      try await eventually("the verdict goes with the frames") {
        channel.latest?.verdict?.state == .clean
      }
      let noisy = try plain(noise: 60)
      camera.steps.withLock { $0 = [.picture(.rgb(noisy))] }
      try await eventually("the camera is suspect") { channel.verdict?.state == .suspect }
      let state = StateReport.Camera(channel)
      #expect(state.guard?.state == .suspect)
      try await eventually("it is published") {
        channel.latest.map(DetectionReport.init)?.guard?.state == .suspect
      }
      // Off: nothing is said any more after the settings were taken.
      pipeline.set(watching: watching(0))
      try await eventually("nobody looks any more") { channel.verdict == nil }
    }
  }

  @Test func aDetectorWithoutMapsIsNotWatched() async throws {
    let camera = ScriptedCamera([.picture(.rgb(try rectangles(x: 32)))])
    try await withPipeline([camera.specification("a")], watching: watching(0.001)) { pipeline in
      let channel = try pipeline.channel("a")
      try await eventually("frames come") { channel.snapshot.detected > 20 }
      #expect(channel.verdict == nil)
    }
  }

  @Test func aFrameThatWaitsComesFirst() throws {
    var watch = CameraWatch(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let now = ContinuousClock.now
    let options = watching(1)
    func isDue(_ camera: String, at time: ContinuousClock.Instant, isBusy: Bool) -> Bool {
      watch.isDue(camera, at: time, isBusy: isBusy, options)
    }
    #expect(!isDue("a", at: now, isBusy: false))
    let detector = try prepared().make().0
    watch.begin(with: detector, options)
    #expect(isDue("a", at: now, isBusy: false))
    #expect(!isDue("b", at: now, isBusy: true))
    #expect(isDue("b", at: now + .milliseconds(4100), isBusy: true))
    let frame = Frame(
      camera: "a", sequence: 1, captured: now, date: Date(), image: try plain(noise: 0))
    #expect(watch.look(at: frame, now: now, options) == nil)
    // The second half of the work, as soon as nothing waits.
    #expect(isDue("a", at: now, isBusy: false) && !isDue("a", at: now, isBusy: true))
    #expect(watch.look(at: frame, now: now, options)?.state == .learning)
    #expect(!isDue("a", at: now + .milliseconds(900), isBusy: false))
    #expect(isDue("a", at: now + .milliseconds(1100), isBusy: false))
    #expect(!isDue("a", at: now + .milliseconds(3900), isBusy: true))
    #expect(isDue("a", at: now + .milliseconds(4100), isBusy: true))
  }
}
