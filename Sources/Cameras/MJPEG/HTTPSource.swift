import AsyncHTTPClient
import Foundation
import Frames
import Synchronization

/// An IP camera that sends JPEGs over HTTP without end (`multipart/x-mixed-replace`).
public final class HTTPSource: CameraSource {
  /// The address as written in the configuration.
  public let address: String
  private let url: String
  /// A request under way: opening waits for it briefly, so that a daemon can end at any time, and
  /// the next opening goes on with it.
  private let pending = Mutex<HTTPReception?>(nil)

  /// How long `open` waits for the first picture.
  static let openTimeout = Duration.seconds(1)
  /// How long a camera may take for its first picture.
  static let answerTimeout = Duration.seconds(10)

  /// A camera at an `http` or `https` URL, which may hold `user:password@` for Basic authentication.
  public init(address: String, url: String) {
    self.address = address
    self.url = url
  }

  /// Asks the camera and waits for its first picture, at most a second.
  /// - Throws: `CameraError.connecting` where it has not answered yet; call again to go on waiting.
  public func open() throws -> any CameraSession {
    let reception = try pending.withLock { pending in
      let reception = try pending ?? HTTPReception(CameraURL(url))
      pending = reception
      return reception
    }
    let shown = CameraURL.withoutPassword(url)
    do {
      guard try reception.pictures.wait(timeout: Self.openTimeout) else {
        let waited = ContinuousClock.now - reception.started
        guard waited < Self.answerTimeout else {
          throw CameraError.lost("\(shown) has sent no picture for \(waited.components.seconds) s")
        }
        throw CameraError.connecting(
          url: shown, seconds: Int(max(waited.components.seconds, 1)))
      }
      pending.withLock { $0 = nil }
      return HTTPSession(reception)
    } catch let error as CameraError {
      if case .connecting = error { throw error }
      pending.withLock { $0 = nil }
      reception.stop()
      throw error
    }
  }
}

/// A stream that has begun.
final class HTTPSession: CameraSession {
  private(set) var mode = CameraMode(width: 0, height: 0, framesPerSecond: 0, format: "MJPEG")
  var refusals: [String: UInt64] { reception.pictures.refusals }
  private let reception: HTTPReception
  private var first: CapturedPicture?

  init(_ reception: HTTPReception) {
    self.reception = reception
    first = try? reception.pictures.take(timeout: .zero)
    if let first { mode.update(from: first) }
  }

  func next(timeout: Duration) throws -> CapturedPicture? {
    if let picture = first {
      first = nil
      return picture
    }
    guard let picture = try reception.pictures.take(timeout: timeout) else { return nil }
    mode.update(from: picture)
    return picture
  }

  func close() { reception.stop() }
}

/// The receiving side of a stream: runs until it fails or is stopped.
final class HTTPReception: Sendable {
  let pictures = LatestPicture()
  let started = ContinuousClock.now
  private let task: Task<Void, Never>

  private static let client = HTTPClient(
    eventLoopGroupProvider: .singleton,
    configuration: {
      var configuration = HTTPClient.Configuration(
        redirectConfiguration: .follow(max: 3, allowCycles: false),
        timeout: .init(connect: .seconds(5), read: .seconds(10)))
      // A stream never ends; it must not be held up by one more to the same camera.
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
      return configuration
    }())

  init(_ url: CameraURL) {
    let pictures = pictures
    task = Task {
      do {
        try await Self.receive(url, into: pictures)
        pictures.finish(.lost("\(url.url) has ended the stream"))
      } catch let error as CameraError {
        pictures.finish(error)
      } catch {
        pictures.finish(.lost("\(url.url): \(error)"))
      }
    }
  }

  deinit { task.cancel() }

  func stop() { task.cancel() }

  private static func receive(_ url: CameraURL, into pictures: LatestPicture) async throws {
    var request = HTTPClientRequest(url: url.url)
    request.headers.add(name: "Accept", value: "multipart/x-mixed-replace, image/jpeg")
    request.headers.add(name: "User-Agent", value: "CleanSight")
    if let authorization = url.authorization {
      request.headers.add(name: "Authorization", value: authorization)
    }
    let response = try await client.execute(request, deadline: .distantFuture)
    guard response.status == .ok else {
      throw CameraError.unsuitable(
        path: url.url, expected: "status 200 from the camera", found: "\(response.status)")
    }
    let type = response.headers.first(name: "Content-Type")?.lowercased() ?? "image/jpeg"
    let kinds = ["multipart/", "image/jpeg", "image/jpg", "video/", "application/octet-stream"]
    guard kinds.contains(where: type.hasPrefix) else {
      throw CameraError.unsuitable(
        path: url.url, expected: "multipart/x-mixed-replace or image/jpeg", found: type)
    }
    var splitter = JPEGSplitter()
    for try await bytes in response.body {
      bytes.withUnsafeReadableBytes { bytes in
        splitter.append(bytes) { MJPEGPicture.put($0, into: pictures) }
      }
      pictures.setRefusals(splitter.refusals.counts)
    }
    splitter.finish()
    pictures.setRefusals(splitter.refusals.counts)
  }
}
