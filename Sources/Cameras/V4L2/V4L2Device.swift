import CVideo4Linux

/// A pixel format's four letters as V4L2 writes them.
struct FourCC: Hashable, CustomStringConvertible {
  let code: UInt32

  static let mjpg = FourCC(code: fourcc("M", "J", "P", "G"))
  static let jpeg = FourCC(code: fourcc("J", "P", "E", "G"))
  static let yuyv = FourCC(code: fourcc("Y", "U", "Y", "V"))
  static let nv12 = FourCC(code: fourcc("N", "V", "1", "2"))

  private static func fourcc(
    _ a: Unicode.Scalar, _ b: Unicode.Scalar, _ c: Unicode.Scalar, _ d: Unicode.Scalar
  ) -> UInt32 {
    a.value | b.value << 8 | c.value << 16 | d.value << 24
  }

  /// Which of our formats it is.
  var format: CameraFormat? {
    switch self {
    case .mjpg, .jpeg: .mjpeg
    case .yuyv: .yuyv
    case .nv12: .nv12
    default: nil
    }
  }

  var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> (8 * $0)) }
    return String(
      decoding: bytes.map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}

/// An open V4L2 capture device: the C calls, with errors thrown. One thread uses it.
final class V4L2Device {
  let path: String
  private let handle: Int32

  /// Opens a device and sees whether it captures.
  /// - Throws: `CameraError`.
  init(path: String) throws {
    self.path = path
    var failure = cs_v4l2_failure()
    handle = cs_v4l2_open(path, &failure)
    guard handle >= 0 else { throw Self.error(failure, path) }
    var device = cs_v4l2_device()
    guard cs_v4l2_query(handle, &device, &failure) == 0 else {
      cs_v4l2_close(handle)
      throw Self.error(failure, path)
    }
    guard device.can_capture != 0, device.can_stream != 0 else {
      cs_v4l2_close(handle)
      throw CameraError.unsuitable(
        path: path, expected: "a device that captures and streams video",
        found: "\"\(Self.text(device.card))\", which does not")
    }
  }

  deinit { cs_v4l2_close(handle) }

  /// A format with the sizes the device names for it; empty where it names none.
  func offers() throws -> [V4L2Offer] {
    try enumerate(limit: 256) { index, failure in
      var code: UInt32 = 0
      let status = cs_v4l2_enum_format(handle, index, &code, &failure)
      return (status, FourCC(code: code))
    }.map { V4L2Offer(fourcc: $0, sizes: $0.format == nil ? [] : try sizes(of: $0)) }
  }

  private func sizes(of fourcc: FourCC) throws -> [V4L2Offer.Sizes] {
    try enumerate(limit: 256) { index, failure in
      var sizes = cs_v4l2_sizes()
      let status = cs_v4l2_enum_sizes(handle, index, fourcc.code, &sizes, &failure)
      return (status, sizes)
    }.compactMap(V4L2Offer.Sizes.init)
  }

  /// Rates in frames per second, from slowest to fastest of each range.
  func rates(of fourcc: FourCC, width: Int, height: Int) throws -> [ClosedRange<Double>] {
    try enumerate(limit: 256) { index, failure in
      var answer = cs_v4l2_intervals()
      let status = cs_v4l2_enum_intervals(
        handle, index, fourcc.code, UInt32(clamping: width), UInt32(clamping: height), &answer,
        &failure)
      return (status, answer)
    }.compactMap { interval in
      let slow = Self.rate(interval.max_numerator, interval.max_denominator)
      let fast = Self.rate(interval.min_numerator, interval.min_denominator)
      return fast > 0 && fast >= slow ? max(slow, 0.01)...max(fast, 0.01) : nil
    }
  }

  /// Asks for a format and says what the device made of it.
  func setFormat(_ fourcc: FourCC, width: Int, height: Int) throws -> cs_v4l2_format {
    var format = cs_v4l2_format(
      fourcc: fourcc.code, width: UInt32(clamping: width), height: UInt32(clamping: height),
      bytes_per_line: 0, bytes: 0)
    try check { cs_v4l2_set_format(handle, &format, &$0) }
    return format
  }

  /// Asks for a rate.
  /// - Returns: what the device made of it; 0 where it does not say.
  func setRate(_ framesPerSecond: Double) throws -> Double {
    var denominator = UInt32(min(max(framesPerSecond, 0.01), 1000) * 1000)
    var numerator: UInt32 = 1000
    try check { cs_v4l2_set_interval(handle, &numerator, &denominator, &$0) }
    return Self.rate(numerator, denominator)
  }

  func watchSource() { cs_v4l2_watch_source(handle) }
  func sourceChanged() -> Bool { cs_v4l2_source_changed(handle) != 0 }

  func requestBuffers(_ count: UInt32) throws -> UInt32 {
    var count = count
    try check { cs_v4l2_request_buffers(handle, &count, &$0) }
    return count
  }

  func map(_ index: UInt32) throws -> UnsafeRawBufferPointer {
    var start: UnsafeMutableRawPointer?
    var length = 0
    try check { cs_v4l2_map(handle, index, &start, &length, &$0) }
    return UnsafeRawBufferPointer(start: start, count: length)
  }

  static func unmap(_ buffer: UnsafeRawBufferPointer) {
    cs_v4l2_unmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
  }

  func enqueue(_ index: UInt32) throws { try check { cs_v4l2_enqueue(handle, index, &$0) } }

  /// - Returns: a filled buffer, or nil where none is ready.
  func dequeue() throws -> cs_v4l2_buffer? {
    var buffer = cs_v4l2_buffer()
    return try check { cs_v4l2_dequeue(handle, &buffer, &$0) } == 1 ? buffer : nil
  }

  func stream(_ on: Bool) throws { try check { cs_v4l2_stream(handle, on ? 1 : 0, &$0) } }

  /// - Returns: whether something happened before `timeout` was over.
  func wait(_ timeout: Duration) throws -> Bool {
    try check { cs_v4l2_wait(handle, timeout.pollMilliseconds, &$0) } == 1
  }

  @discardableResult
  private func check(_ call: (inout cs_v4l2_failure) -> Int32) throws -> Int32 {
    var failure = cs_v4l2_failure()
    let status = call(&failure)
    guard status >= 0 else { throw Self.error(failure, path) }
    return status
  }

  /// Everything of an enumeration; the limit is for a driver that never ends it.
  private func enumerate<Item>(
    limit: UInt32, _ next: (UInt32, inout cs_v4l2_failure) -> (Int32, Item)
  ) throws -> [Item] {
    var items: [Item] = []
    for index in 0..<limit {
      var failure = cs_v4l2_failure()
      let (status, item) = next(index, &failure)
      guard status >= 0 else { throw Self.error(failure, path) }
      if status == 0 { break }
      items.append(item)
    }
    return items
  }

  private static func rate(_ numerator: UInt32, _ denominator: UInt32) -> Double {
    numerator > 0 ? Double(denominator) / Double(numerator) : 0
  }

  private static func error(_ failure: cs_v4l2_failure, _ path: String) -> CameraError {
    let call = failure.call.map { String(cString: $0) } ?? "a call"
    return .system(call: call, path: path, code: failure.code)
  }

  private static func text<Characters>(_ characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
