import Cameras
import Detection
import Foundation
import Frames
import Testing

@testable import Pipeline

@Suite struct BroadcastTests {
  @Test func slowSubscriberFindsTheNewest() async {
    let broadcast = Broadcast<Int>()
    var values = broadcast.subscribe().makeAsyncIterator()
    for value in 1...100 { broadcast.send(value) }
    #expect(await values.next() == 100)
    broadcast.send(101)
    #expect(await values.next() == 101)
  }

  @Test func depthBoundsWhatIsHeld() async {
    let broadcast = Broadcast<Int>(depth: 3)
    var values = broadcast.subscribe().makeAsyncIterator()
    for value in 1...10 { broadcast.send(value) }
    broadcast.finish()
    var seen: [Int] = []
    while let value = await values.next() { seen.append(value) }
    #expect(seen == [8, 9, 10])
  }

  @Test func subscribersComeAndGo() async {
    let broadcast = Broadcast<Int>()
    broadcast.send(1)
    do {
      var late = broadcast.subscribe().makeAsyncIterator()
      #expect(await late.next() == 1)
      #expect(broadcast.subscriberCount == 1)
    }
    let task = Task { for await _ in broadcast.subscribe(includingLatest: false) {} }
    task.cancel()
    await task.value
    #expect(broadcast.subscriberCount <= 1)
    broadcast.finish()
    var after = broadcast.subscribe().makeAsyncIterator()
    #expect(await after.next() == 1)
    #expect(await after.next() == nil)
    broadcast.send(2)
    #expect(broadcast.latest == 1)
  }
}

@Suite struct WorkQueueTests {
  private func picture(_ camera: String, _ sequence: UInt64) throws -> WorkQueue.Picture {
    let image = try Image(width: 2, height: 2)
    let captured = CapturedPicture(payload: .rgb(image), captured: .now, date: Date())
    return .init(
      content: .decoded(image), camera: camera, sequence: sequence, captured: captured, stages: [],
      ready: .now)
  }

  private func name(_ work: WorkQueue.Work) -> String {
    switch work {
    case .picture(let picture): "\(picture.camera)\(picture.sequence)"
    case .request: "request"
    case .replacement: "replacement"
    case .nothing: "nothing"
    case .stop: "stop"
    }
  }

  private func request(
    _ completion: @escaping @Sendable (Result<DetectionAnswer, any Error>) -> Void = { _ in }
  ) throws -> WorkQueue.Request {
    .init(image: try Image(width: 2, height: 2), entered: .now, completion: completion)
  }

  @Test func newestPictureOvertakes() throws {
    let queue = WorkQueue()
    queue.add(camera: "a")
    #expect(queue.put(try picture("a", 0)) == false)
    #expect(queue.put(try picture("a", 1)) == true)
    #expect(name(queue.next(until: .now)) == "a1")
    #expect(name(queue.next(until: .now)) == "nothing")
    #expect(queue.put(try picture("unknown", 0)) == false)
    #expect(name(queue.next(until: .now)) == "nothing")
  }

  @Test func camerasAndClientsTakeTurns() throws {
    let queue = WorkQueue()
    queue.add(camera: "a")
    queue.add(camera: "b")
    var order: [String] = []
    for round in 0..<3 {
      _ = queue.put(try picture("a", UInt64(round)))
      _ = queue.put(try picture("b", UInt64(round)))
      try queue.add(request())
      try queue.add(request())
    }
    for _ in 0..<4 { order.append(name(queue.next(until: .now))) }
    #expect(order == ["request", "a2", "b2", "request"])
    _ = queue.put(try picture("a", 9))
    #expect(name(queue.next(until: .now)) == "a9")
  }

  @Test func requestsAreBounded() throws {
    let queue = WorkQueue()
    for _ in 0..<WorkQueue.maximumRequests { try queue.add(request()) }
    #expect(throws: PipelineError.busy(limit: WorkQueue.maximumRequests)) {
      try queue.add(request())
    }
  }

  @Test func stopAnswersWhatWaits() async throws {
    let queue = WorkQueue()
    let error = await withCheckedContinuation { continuation in
      do {
        try queue.add(
          request {
            if case .failure(let error) = $0 { continuation.resume(returning: "\(error)") }
          })
      } catch {
        continuation.resume(returning: "refused")
      }
      queue.stop()
    }
    #expect(error == PipelineError.stopped.description)
    #expect(name(queue.next(until: .now + .seconds(5))) == "stop")
    #expect(throws: PipelineError.stopped) { try queue.add(request()) }
  }

  @Test func waitEndsWhenWorkComes() async throws {
    let queue = WorkQueue()
    queue.add(camera: "a")
    let picture = try picture("a", 7)
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { _ = queue.put(picture) }
    let work = await Task.detached { queue.next(until: .now + .seconds(30)) }.value
    #expect(name(work) == "a7")
  }
}

@Suite struct DecodeScheduleTests {
  /// A detector that takes 100 ms and a camera with a picture each 10 ms: only the last pictures
  /// before the detector is free are decoded ahead.
  @Test func onlyTheLastPictureIsDecodedAhead() {
    var schedule = DecodeSchedule()
    let start = ContinuousClock.now
    var decoded: [Int] = []
    for tick in 0..<200 {
      let now = start + .milliseconds(10 * tick)
      if tick % 10 == 0 { schedule.taken(at: now) }
      if schedule.shouldDecode(at: now + .milliseconds(5), isConsumerWaiting: false), tick >= 50 {
        decoded.append(tick % 10)
      }
    }
    #expect(!decoded.isEmpty)
    #expect(decoded.allSatisfy { $0 >= 8 }, "\(decoded)")
  }

  @Test func detectorThatWaitsGetsItsPictureDecoded() {
    var schedule = DecodeSchedule()
    let now = ContinuousClock.now
    schedule.taken(at: now)
    schedule.taken(at: now + .seconds(1))
    _ = schedule.shouldDecode(at: now + .seconds(1), isConsumerWaiting: false)
    let waiting = schedule.shouldDecode(at: now + .milliseconds(1010), isConsumerWaiting: true)
    #expect(waiting)
    let busy = schedule.shouldDecode(at: now + .milliseconds(1020), isConsumerWaiting: false)
    #expect(!busy)
  }

  /// A detector faster than the camera never makes it skip decoding.
  @Test func fastDetectorDecodesAll() {
    var schedule = DecodeSchedule()
    let start = ContinuousClock.now
    for tick in 0..<50 {
      let now = start + .milliseconds(66 * tick)
      let decodes = schedule.shouldDecode(at: now, isConsumerWaiting: false)
      #expect(decodes, "picture \(tick)")
      schedule.taken(at: now + .milliseconds(3))
    }
  }
}

@Suite struct RateMeterTests {
  @Test func countsTheLastSeconds() {
    var meter = RateMeter()
    let start = ContinuousClock.now
    for tick in 0..<300 { meter.record(at: start + .milliseconds(100 * tick)) }
    let rate = meter.rate(at: start + .milliseconds(29_900))
    #expect(abs(rate - 10) < 0.5)
    let later = meter.rate(at: start + .seconds(60))
    #expect(later == 0)
  }
}

@Suite struct AddressTests {
  @Test func passwordIsNotShown() {
    #expect(
      CameraChannel.withoutPassword("mjpeg:http://user:secret@10.0.0.1/video?x=a@b")
        == "mjpeg:http://…@10.0.0.1/video?x=a@b")
    #expect(CameraChannel.withoutPassword("v4l2:/dev/video0") == "v4l2:/dev/video0")
    #expect(CameraChannel.withoutPassword("mjpeg:http://h/v?u=a@b") == "mjpeg:http://h/v?u=a@b")
  }
}
