import CVideo4Linux
import Foundation
import Frames

/// A V4L2 device that streams into mapped buffers.
final class V4L2Session: CameraSession {
  private(set) var mode: CameraMode
  var refusals: [String: UInt64] { counter.counts }

  private let device: V4L2Device
  private let format: CameraFormat
  private let bytesPerLine: Int
  private var buffers: [UnsafeRawBufferPointer] = []
  private var counter = RefusalCounter()
  private var lastPicture = ContinuousClock.now
  private var sizeMismatches = 0

  /// A device that streams but has given nothing for so long has hung itself up.
  static let longestSilence = Duration.seconds(10)
  /// After so many pictures of one other size in a row, the camera has another mode.
  static let mismatchesUntilAdopted = 10

  /// Agrees on a format and starts the stream.
  /// - Throws: `CameraError`.
  init(device: V4L2Device, request: CameraRequest) throws {
    self.device = device
    let offers = try device.offers()
    guard
      let choice = try V4L2Choice.best(
        of: offers, for: request, rates: { try device.rates(of: $0, width: $1, height: $2) })
    else {
      let expected = request.format.map { [$0] } ?? CameraFormat.allCases
      throw CameraError.noFormat(
        path: device.path, expected: expected.map(\.rawValue),
        offered: offers.map { "\($0.fourcc)" })
    }
    let answer = try device.setFormat(choice.fourcc, width: choice.width, height: choice.height)
    (format, bytesPerLine) = try Self.check(answer, path: device.path)
    let rate = try device.setRate(choice.framesPerSecond)
    mode = CameraMode(
      width: Int(answer.width), height: Int(answer.height), framesPerSecond: rate,
      format: format.rawValue)
    do { try start() } catch {
      close()
      throw error
    }
  }

  func next(timeout: Duration) throws -> CapturedPicture? {
    let end = ContinuousClock.now + timeout
    while true {
      let now = ContinuousClock.now
      if now - lastPicture > Self.longestSilence {
        throw CameraError.lost("no picture for \(Self.longestSilence.components.seconds) s")
      }
      do {
        guard try device.wait(max(end - now, .zero)) else { return nil }
        if device.sourceChanged() {
          throw CameraError.lost("the size or rate of its source has changed")
        }
        if let picture = try newest() {
          lastPicture = ContinuousClock.now
          return picture
        }
      } catch CameraError.system(let call, _, let code) {
        throw CameraError.lost("\(call): \(CameraError.words(code))")
      }
      if ContinuousClock.now >= end { return nil }
    }
  }

  func close() {
    // A device that is gone refuses this, and there is nothing left to stop.
    try? device.stream(false)
    for buffer in buffers { V4L2Device.unmap(buffer) }
    buffers = []
    _ = try? device.requestBuffers(0)
  }

  private func start() throws {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let count = try device.requestBuffers(UInt32(min(max(cores, 1), 4) + 1))
    guard (2...32).contains(count) else {
      throw CameraError.unsuitable(
        path: device.path, expected: "2 to 32 buffers", found: "\(count)")
    }
    for index in 0..<count { buffers.append(try device.map(index)) }
    for index in 0..<count { try device.enqueue(index) }
    device.watchSource()
    try device.stream(true)
    lastPicture = .now
  }

  /// Empties the device's queue and keeps the newest buffer that holds a picture.
  private func newest() throws -> CapturedPicture? {
    var newest: cs_v4l2_buffer?
    var dequeued = 0
    // The bound is for a device that fills buffers faster than they are given back.
    while dequeued < 2 * buffers.count, let buffer = try device.dequeue() {
      dequeued += 1
      if let reason = refusal(of: buffer) {
        counter.add(reason)
        if Int(buffer.index) < buffers.count { try device.enqueue(buffer.index) }
        continue
      }
      if let older = newest {
        counter.add("overtaken")
        try device.enqueue(older.index)
      }
      newest = buffer
    }
    // Something was ready, but no buffer: an error condition that must not become a busy loop.
    if dequeued == 0 { Nap.sleep(for: .milliseconds(5)) }
    guard let newest else { return nil }
    let bytes = [UInt8](buffers[Int(newest.index)].prefix(Int(newest.bytes_used)))
    try device.enqueue(newest.index)
    return picture(bytes, monotonic: newest.monotonic_ns)
  }

  private func refusal(of buffer: cs_v4l2_buffer) -> String? {
    guard Int(buffer.index) < buffers.count else { return "bad-index" }
    if buffer.has_error != 0 { return "error-flag" }
    let memory = buffers[Int(buffer.index)]
    guard Int(buffer.bytes_used) <= memory.count else { return "too-long" }
    let bytes = UnsafeRawBufferPointer(rebasing: memory[..<Int(buffer.bytes_used)])
    switch format {
    case .mjpeg: return V4L2BufferCheck.refusal(ofJPEG: bytes)
    case .yuyv: return V4L2BufferCheck.refusal(ofRaw: bytes, expected: byteCount(.yuyv))
    case .nv12: return V4L2BufferCheck.refusal(ofRaw: bytes, expected: byteCount(.nv12))
    }
  }

  private func byteCount(_ format: RawPixelFormat) -> Int {
    format.byteCount(height: mode.height, bytesPerLine: bytesPerLine)
  }

  private func picture(_ bytes: [UInt8], monotonic: UInt64) -> CapturedPicture? {
    let payload: CapturedPicture.Payload
    switch format {
    case .mjpeg:
      guard hasModeSize(bytes) else { return nil }
      payload = .jpeg(bytes)
    case .yuyv:
      payload = .yuyv(
        bytes, width: mode.width, height: mode.height, bytesPerLine: bytesPerLine)
    case .nv12:
      payload = .nv12(
        bytes, width: mode.width, height: mode.height, bytesPerLine: bytesPerLine)
    }
    // The driver's clock stops while the machine sleeps and ours does not: only ages carry over.
    let now = cs_v4l2_monotonic_ns()
    let age = monotonic > 0 && monotonic < now ? min(now - monotonic, 10_000_000_000) : 0
    return CapturedPicture(
      payload: payload, captured: .now - .nanoseconds(Int64(age)),
      date: Date(timeIntervalSinceNow: -Double(age) / 1e9))
  }

  /// Compares a JPEG's size with the mode; a camera that goes on with another size is believed.
  private func hasModeSize(_ bytes: [UInt8]) -> Bool {
    do {
      let header = try JPEGDecoder().header(of: bytes)
      if header.width == mode.width, header.height == mode.height {
        sizeMismatches = 0
        return true
      }
      sizeMismatches += 1
      if sizeMismatches >= Self.mismatchesUntilAdopted {
        mode.width = header.width
        mode.height = header.height
        sizeMismatches = 0
        return true
      }
      counter.add("size")
    } catch {
      counter.add((error as? JPEGError)?.reason ?? "invalid")
    }
    return false
  }

  /// What the device answered, as far as it can be used.
  private static func check(_ answer: cs_v4l2_format, path: String) throws -> (CameraFormat, Int) {
    let fourcc = FourCC(code: answer.fourcc)
    let (width, height) = (Int(answer.width), Int(answer.height))
    let found = "\(width)×\(height) \(fourcc) with \(answer.bytes_per_line) bytes per row"
    guard let format = fourcc.format, (1...Image.maximumSide).contains(width),
      (1...Image.maximumSide).contains(height)
    else {
      throw CameraError.unsuitable(
        path: path, expected: "MJPEG, YUYV or NV12 with sides of 1 to \(Image.maximumSide) pixels",
        found: found)
    }
    guard let raw = RawPixelFormat(rawValue: format.rawValue) else { return (format, 0) }
    let least = raw.minimumBytesPerLine(width: width)
    // Some drivers leave it at 0 where rows have no gaps.
    let line = answer.bytes_per_line == 0 ? least : Int(answer.bytes_per_line)
    guard (least...(8 * Image.maximumSide)).contains(line) else {
      throw CameraError.unsuitable(
        path: path, expected: "rows of at least \(least) bytes", found: found)
    }
    return (format, line)
  }
}
