import Foundation
import Frames
import Glibc
import Testing

@testable import Cameras

/// A JPEG whose brightness tells it from others.
func jpeg(_ shade: UInt8 = 128, width: Int = 48, height: Int = 32) throws -> [UInt8] {
  try JPEGEncoder(quality: 90).encode(
    try Image(width: width, height: height, red: shade, green: shade, blue: shade))
}

extension CapturedPicture {
  /// The brightness of its first pixel.
  var shade: UInt8? {
    guard case .jpeg(let bytes) = payload else { return nil }
    return try? JPEGDecoder().decode(bytes).pixels.first
  }

  var bytes: [UInt8]? {
    guard case .jpeg(let bytes) = payload else { return nil }
    return bytes
  }
}

/// A folder that is removed again.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/cameras-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and says where.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// The same sequence everywhere (SplitMix64).
struct DeterministicNumbers: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// One connection to `LoopbackServer`.
struct Connection: Sendable {
  let handle: Int32
  /// The request's head.
  let request: String

  /// - Returns: whether all was sent.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// The head of a stream of parts, or one part of it.
  func startParts() {
    send(
      "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\n"
    )
  }

  @discardableResult
  func sendPart(_ bytes: [UInt8]) -> Bool {
    send("Content-Type: image/jpeg\r\nContent-Length: \(bytes.count)\r\n\r\n")
      && send(bytes) && send("\r\n--frame\r\n")
  }
}

/// A server on the loopback interface that answers each connection as a test says.
final class LoopbackServer: @unchecked Sendable {
  let port: UInt16
  private let handle: Int32

  init(_ answer: @escaping @Sendable (Connection) -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
        bind(listener, plain, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, plain, &length) == 0
      }
    }
    try #require(status)
    port = UInt16(bigEndian: address.sin_port)
    handle = listener
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        Thread.detachNewThread {
          var head: [UInt8] = []
          var byte: UInt8 = 0
          while !head.suffix(4).elementsEqual([13, 10, 13, 10]),
            recv(connection, &byte, 1, 0) == 1
          { head.append(byte) }
          answer(
            Connection(handle: connection, request: String(decoding: head, as: UTF8.self)))
          close(connection)
        }
      }
      // Here, so that no other socket has the number while it is still listened on.
      close(listener)
    }
  }

  /// Called once at the end of a test; it also keeps the server alive until then.
  func stop() { shutdown(handle, Int32(SHUT_RDWR)) }

  func source(_ path: String = "/video", login: String = "") throws -> any CameraSource {
    try makeCameraSource(address: "mjpeg:http://\(login)127.0.0.1:\(port)\(path)")
  }
}

/// Runs what blocks on a thread of its own, as a camera's thread does: the threads that tests run on
/// are those that receive.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation {
    (continuation: CheckedContinuation<Void, any Error>) in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}
