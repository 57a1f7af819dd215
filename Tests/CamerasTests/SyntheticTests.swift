import Frames
import Testing

@testable import Cameras

private func picture(_ session: any CameraSession) throws -> CapturedPicture {
  try #require(try session.next(timeout: .seconds(10)))
}

@Suite struct SyntheticTests {
  @Test func rendersWithGroundTruth() throws {
    let address = "synthetic:?seed=3&fps=0&width=160&height=120"
    let session = try makeCameraSource(address: address).open()
    #expect(session.mode.width == 160 && session.mode.height == 120)
    #expect(session.mode.format == "RGB")
    let again = try makeCameraSource(address: address).open()
    var objects = 0
    for _ in 0..<3 {
      let (a, b) = (try picture(session), try picture(again))
      guard case .rgb(let image) = a.payload, case .rgb(let same) = b.payload else {
        Issue.record("expected pixels")
        return
      }
      #expect(image.width == 160 && image.height == 120)
      #expect(image == same)
      #expect(a.hasTrigger == false)
      objects += try #require(a.groundTruth).count
    }
    #expect(objects > 0)
  }

  @Test func theTriggerCanBeSwitchedWhileItRuns() throws {
    let source = try #require(
      try makeCameraSource(address: "synthetic:?fps=0&width=64&height=48") as? SyntheticSource)
    let session = try source.open()
    #expect(try picture(session).hasTrigger == false)
    #expect(!source.showsTrigger)
    source.showTrigger(true)
    #expect(try picture(session).hasTrigger == true)
    #expect(source.showsTrigger)
    source.controls.show(nil)
    #expect(try picture(session).hasTrigger == false)
    source.controls.show(.blend)
    #expect(try picture(session).hasTrigger == true)
  }

  @Test func aPeriodShowsTheTriggerInTurn() throws {
    var options = SyntheticOptions()
    options.trigger = .blend
    options.triggerPeriod = 10
    let controls = SyntheticControls(options)
    #expect(controls.trigger(at: 0) == nil)
    #expect(controls.trigger(at: 9.9) == nil)
    #expect(controls.trigger(at: 10) == .blend)
    #expect(controls.trigger(at: 19.9) == .blend)
    #expect(controls.trigger(at: 20) == nil)
    controls.showTrigger(true)
    #expect(controls.trigger(at: 0) == .blend)
    controls.showTrigger(false)
    #expect(controls.trigger(at: 10) == nil)
    // One frame per half second of the scene's time: two without, two with, and again.
    let session = try makeCameraSource(
      address: "synthetic:?fps=0&width=64&height=48&trigger-period=1"
    ).open()
    var seen: Set<Bool?> = []
    for _ in 0..<30 { seen.insert(try picture(session).hasTrigger) }
    #expect(seen == [true, false])
  }

  @Test func keepsItsPace() throws {
    let session = try makeCameraSource(address: "synthetic:?fps=20&width=64&height=48").open()
    let first = try picture(session)
    #expect(try session.next(timeout: .milliseconds(1)) == nil)
    let second = try picture(session)
    #expect(second.captured - first.captured > .milliseconds(20))
  }

  @Test func saysThatASceneCannotBeMade() throws {
    let request = CameraRequest(width: 4, height: 4)
    #expect {
      try makeCameraSource(address: "synthetic:", request: request).open()
    } throws: { "\($0)".contains("4×4") }
  }
}

@Suite struct PacerTests {
  @Test func countsMissedTurns() {
    let start = ContinuousClock.now
    var pacer = Pacer(framesPerSecond: 10)
    #expect(pacer.nextDue(at: start) == start)
    #expect(pacer.take(at: start) == 0)
    #expect(pacer.nextDue(at: start) == start + .milliseconds(100))
    #expect(pacer.take(at: start + .milliseconds(100)) == 0)
    // Turns 2 and 3 are over; turn 4 is taken late, and turn 5 comes on time.
    #expect(pacer.take(at: start + .milliseconds(450)) == 2)
    #expect(pacer.nextDue(at: start) == start + .milliseconds(500))
  }

  @Test func withoutARateEverythingIsDueAtOnce() {
    let start = ContinuousClock.now
    var pacer = Pacer(framesPerSecond: 0)
    #expect(pacer.take(at: start) == 0)
    #expect(pacer.take(at: start + .seconds(100)) == 0)
    #expect(pacer.wait(timeout: .zero))
  }

  @Test func durationsForPollAreRoundedUp() {
    #expect(Duration.microseconds(1).pollMilliseconds == 1)
    #expect(Duration.milliseconds(1500).pollMilliseconds == 1500)
    #expect((Duration.zero - .seconds(5)).pollMilliseconds == 0)
    #expect(Duration.seconds(1 << 40).pollMilliseconds == 1_000_000_000)
  }
}

@Suite struct LatestPictureTests {
  private func make(_ shade: UInt8) throws -> CapturedPicture {
    try MJPEGPicture.make(try jpeg(shade))
  }

  @Test func keepsTheNewest() throws {
    let latest = LatestPicture()
    #expect(try latest.take(timeout: .milliseconds(1)) == nil)
    for shade: UInt8 in [0, 100, 200] { latest.put(try make(shade)) }
    #expect(try latest.wait(timeout: .zero))
    #expect(try latest.take(timeout: .zero)?.shade == 200)
    #expect(latest.refusals == ["overtaken": 2])
    #expect(try latest.take(timeout: .milliseconds(1)) == nil)
  }

  @Test func givesTheLastPictureBeforeTheEnd() throws {
    let latest = LatestPicture()
    latest.put(try make(100))
    latest.finish(.lost("gone"))
    latest.finish(.lost("again"))
    latest.put(try make(200))
    #expect(try latest.take(timeout: .zero)?.shade == 100)
    for _ in 0..<2 {
      #expect(throws: CameraError.lost("gone")) { try latest.take(timeout: .seconds(1)) }
    }
  }
}
