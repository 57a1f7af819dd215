import CVideo4Linux
import Glibc
import Testing

@testable import Cameras

private func discrete(_ width: UInt32, _ height: UInt32) -> V4L2Offer.Sizes? {
  V4L2Offer.Sizes(
    cs_v4l2_sizes(
      min_width: width, max_width: width, step_width: 0, min_height: height, max_height: height,
      step_height: 0))
}

private func offer(_ fourcc: FourCC, _ sizes: V4L2Offer.Sizes?...) -> V4L2Offer {
  V4L2Offer(fourcc: fourcc, sizes: sizes.compactMap { $0 })
}

@Suite struct V4L2NegotiationTests {
  /// A common USB camera: compressed in all sizes, raw pixels slowly in large ones.
  private let webcam = [
    offer(.yuyv, discrete(640, 480), discrete(1280, 720)),
    offer(.mjpg, discrete(640, 480), discrete(1280, 720), discrete(1920, 1080)),
  ]

  private func choose(
    _ offers: [V4L2Offer], _ request: CameraRequest,
    _ rates: (FourCC, Int, Int) -> [ClosedRange<Double>] = { _, _, _ in [5...5, 30...30] }
  ) -> V4L2Choice? {
    V4L2Choice.best(of: offers, for: request, rates: rates)
  }

  @Test func takesTheSizeAskedForAndPrefersCompressed() {
    let choice = choose(webcam, CameraRequest(width: 640, height: 480, framesPerSecond: 15))
    #expect(
      choice == V4L2Choice(fourcc: .mjpg, width: 640, height: 480, framesPerSecond: 30))
  }

  @Test func takesTheFormatAskedFor() {
    let request = CameraRequest(width: 640, height: 480, framesPerSecond: 5, format: .yuyv)
    let choice = choose(webcam, request)
    #expect(choice == V4L2Choice(fourcc: .yuyv, width: 640, height: 480, framesPerSecond: 5))
    #expect(choose(webcam, CameraRequest(format: .nv12)) == nil)
    #expect(choose([offer(FourCC(code: 0x3030_3030))], CameraRequest()) == nil)
    #expect(choose([], CameraRequest()) == nil)
  }

  @Test func takesTheNearestSize() {
    let choice = choose(webcam, CameraRequest(width: 1900, height: 1000, framesPerSecond: 30))
    #expect(choice?.width == 1920 && choice?.height == 1080)
    let small = choose(webcam, CameraRequest(width: 10, height: 10, framesPerSecond: 30))
    #expect(small?.width == 640 && small?.height == 480)
  }

  @Test func leavesAFormatThatIsTooSlow() {
    let choice = choose(webcam, CameraRequest(width: 1280, height: 720, framesPerSecond: 25)) {
      fourcc, _, _ in fourcc == .mjpg ? [5...5] : [30...30]
    }
    #expect(choice?.fourcc == .yuyv)
  }

  @Test func takesARateWithinARangeOrTheFastest() {
    let request = CameraRequest(width: 640, height: 480, framesPerSecond: 15)
    #expect(choose(webcam, request) { _, _, _ in [1...60] }?.framesPerSecond == 15)
    #expect(choose(webcam, request) { _, _, _ in [5...5, 10...10] }?.framesPerSecond == 10)
    #expect(choose(webcam, request) { _, _, _ in [] }?.framesPerSecond == 15)
  }

  @Test func roundsToTheStepsOfARange() throws {
    let range = try #require(
      V4L2Offer.Sizes(
        cs_v4l2_sizes(
          min_width: 32, max_width: 1000, step_width: 16, min_height: 32, max_height: 500,
          step_height: 8)))
    #expect(range.nearest(width: 641, height: 480) == (640, 480))
    #expect(range.nearest(width: 1, height: 1) == (32, 32))
    // 1000 and 500 do not lie on the steps.
    #expect(range.nearest(width: 9999, height: 9999) == (992, 496))
    #expect(discrete(0, 480) == nil)
  }

  @Test func asksForTheSizeWhereTheDeviceNamesNone() {
    let choice = choose([offer(.nv12)], CameraRequest(width: 800, height: 600))
    #expect(choice?.fourcc == .nv12)
    #expect(choice?.width == 800 && choice?.height == 600)
  }

  @Test func writesFormatsAsTheirLetters() {
    #expect("\(FourCC.mjpg)" == "MJPG" && "\(FourCC.nv12)" == "NV12")
    #expect(FourCC.yuyv.code == cs_v4l2_fourcc(89, 85, 89, 86))
    #expect("\(FourCC(code: 0x0141_4141))" == "AAA?")
  }
}

@Suite struct V4L2BufferCheckTests {
  private func refusal(_ bytes: [UInt8]) -> String? {
    bytes.withUnsafeBytes { V4L2BufferCheck.refusal(ofJPEG: $0) }
  }

  @Test func refusesWhatCannotBeAPicture() throws {
    let whole = try jpeg()
    #expect(refusal(whole) == nil)
    #expect(refusal(whole + [0]) == nil)
    #expect(refusal(whole + [0, 0, 0]) == nil)
    #expect(refusal([]) == "empty")
    #expect(refusal(Array(whole.prefix(124))) == "too-short")
    #expect(refusal([0] + whole) == "no-start-marker")
    #expect(refusal(whole.dropLast(1) + [0x12]) == "no-end-marker")
    let raw = [UInt8](repeating: 0, count: 10)
    raw.withUnsafeBytes { bytes in
      #expect(V4L2BufferCheck.refusal(ofRaw: bytes, expected: 10) == nil)
      #expect(V4L2BufferCheck.refusal(ofRaw: bytes, expected: 11) == "too-short")
    }
    #expect(V4L2BufferCheck.refusal(ofRaw: .init(start: nil, count: 0), expected: 1) == "empty")
  }
}

/// Real errors of the real system calls; what a device does is tested on one.
@Suite struct V4L2OpenTests {
  private func failure(_ device: String) -> CameraError? {
    do {
      let session = try makeCameraSource(address: "v4l2:" + device).open()
      session.close()
      return nil
    } catch { return error as? CameraError }
  }

  @Test func saysThatADeviceIsMissing() throws {
    let path = "/dev/v4l/by-id/usb-nobody_has_this-video-index0"
    let error = try #require(failure(path))
    #expect(error == .system(call: "open", path: path, code: ENOENT))
    #expect(
      "\(error)"
        == "open failed on \(path): No such file or directory (ENOENT); is the camera plugged in?")
    #expect(
      failure("no-such-camera")
        == .system(call: "open", path: "/dev/no-such-camera", code: ENOENT))
  }

  @Test func saysThatAFileIsNoDevice() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("video0", [1, 2, 3])
    let error = try #require(failure(path))
    #expect(error == .system(call: "open", path: path, code: ENOTTY))
    #expect("\(error)".contains("it is not a V4L2 device"))
    #expect(failure(folder.path) == .system(call: "open", path: folder.path, code: EISDIR))
  }

  @Test func saysThatAnotherDeviceIsNoCamera() throws {
    let error = try #require(failure("/dev/null"))
    guard case .system("open", "/dev/null", let code) = error else {
      Issue.record("\(error)")
      return
    }
    #expect([ENOTTY, EINVAL].contains(code))
  }

  @Test func findsABareNameBelowDev() {
    #expect(V4L2Source.path(of: "null") == "/dev/null")
    #expect(V4L2Source.path(of: "/tmp/x") == "/tmp/x")
  }
}
