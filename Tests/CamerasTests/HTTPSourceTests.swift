import Foundation
import Synchronization
import Testing

@testable import Cameras

/// Opens as a camera's thread does: again while the answer is awaited.
private func open(_ source: any CameraSource) throws -> any CameraSession {
  while true {
    do { return try source.open() } catch CameraError.connecting {}
  }
}

private func failure(_ source: any CameraSource) -> CameraError? {
  do {
    try open(source).close()
    return nil
  } catch { return error as? CameraError }
}

@Suite(.timeLimit(.minutes(1))) struct HTTPSourceTests {
  @Test func receivesAStreamOfParts() async throws {
    try await onThread {
      let server = try LoopbackServer { connection in
        connection.startParts()
        var shade: UInt8 = 0
        while let bytes = try? jpeg(shade), connection.sendPart(bytes) {
          shade = shade &+ 10
          Nap.sleep(for: .milliseconds(5))
        }
      }
      defer { server.stop() }
      let session = try open(server.source())
      #expect(
        session.mode == CameraMode(width: 48, height: 32, framesPerSecond: 0, format: "MJPEG"))
      for _ in 0..<5 {
        let picture = try #require(try session.next(timeout: .seconds(5)))
        #expect(picture.shade != nil)
      }
      // Who looks away misses pictures, and then gets a new one.
      let before = ContinuousClock.now
      Nap.sleep(for: .milliseconds(500))
      let picture = try #require(try session.next(timeout: .seconds(5)))
      #expect(picture.captured - before > .milliseconds(100))
      #expect(try #require(session.refusals["overtaken"]) > 0)
      session.close()
    }
  }

  @Test func skipsAndCountsBrokenParts() async throws {
    try await onThread {
      let server = try LoopbackServer { connection in
        guard let good = try? jpeg(100) else { return }
        connection.startParts()
        connection.sendPart(Array(good.dropLast(4)))
        connection.sendPart([0xff, 0xd8, 0xff, 0xd9])
        connection.sendPart(good)
        Nap.sleep(for: .seconds(2))
      }
      defer { server.stop() }
      let session = try open(server.source())
      #expect(try session.next(timeout: .seconds(5))?.shade == 100)
      #expect(session.refusals == ["no-end-marker": 1, "no-scan": 1])
      session.close()
    }
  }

  @Test func sendsNameAndPassword() async throws {
    try await onThread {
      let requests = Mutex<[String]>([])
      let server = try LoopbackServer { connection in
        requests.withLock { $0.append(connection.request) }
        guard connection.request.contains("Authorization: Basic dXNlcjpzZWNyZXQ=") else {
          connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
          return
        }
        connection.startParts()
        if let bytes = try? jpeg() { connection.sendPart(bytes) }
        Nap.sleep(for: .seconds(1))
      }
      defer { server.stop() }
      let session = try open(server.source("/a?b=1", login: "user:secret@"))
      session.close()
      #expect(requests.withLock { $0.first }?.hasPrefix("GET /a?b=1 HTTP/1.1\r\n") == true)
      let error = try #require(failure(try server.source()))
      #expect("\(error)".contains("401"))
      let wrong = try #require(failure(try server.source(login: "user:wrong-one@")))
      #expect(!"\(wrong)".contains("wrong-one"))
    }
  }

  @Test func refusesAPage() async throws {
    try await onThread {
      let server = try LoopbackServer { connection in
        connection.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello")
      }
      defer { server.stop() }
      let error = try #require(failure(try server.source()))
      #expect("\(error)".contains("found text/html"))
    }
  }

  @Test func saysThatNobodyListens() async throws {
    try await onThread {
      let server = try LoopbackServer { _ in }
      let source = try server.source()
      let port = server.port
      server.stop()
      guard case .lost(let why)? = failure(source) else {
        Issue.record("expected a refused connection on port \(port)")
        return
      }
      #expect(why.contains("127.0.0.1:\(port)"))
    }
  }

  @Test func opensInABoundedTimeAndGoesOnWaiting() async throws {
    try await onThread {
      let connections = Mutex(0)
      let server = try LoopbackServer { connection in
        connections.withLock { $0 += 1 }
        Nap.sleep(for: .milliseconds(1500))
        connection.startParts()
        if let bytes = try? jpeg(60) { connection.sendPart(bytes) }
        Nap.sleep(for: .seconds(1))
      }
      defer { server.stop() }
      let source = try server.source()
      let start = ContinuousClock.now
      #expect(throws: CameraError.self) { try source.open() }
      #expect(ContinuousClock.now - start < .milliseconds(1400))
      let session = try open(source)
      #expect(try session.next(timeout: .seconds(5))?.shade == 60)
      #expect(connections.withLock { $0 } == 1)
      session.close()
    }
  }

  @Test func saysThatTheStreamHasEnded() async throws {
    try await onThread {
      let server = try LoopbackServer { connection in
        connection.startParts()
        if let bytes = try? jpeg() { connection.sendPart(bytes) }
      }
      defer { server.stop() }
      let session = try open(server.source())
      #expect(try session.next(timeout: .seconds(5)) != nil)
      #expect {
        while try session.next(timeout: .seconds(5)) != nil {}
        _ = try session.next(timeout: .seconds(5))
      } throws: { error in
        guard case .lost? = error as? CameraError else { return false }
        return true
      }
      session.close()
    }
  }

  @Test func closingEndsTheConnection() async throws {
    try await onThread {
      let isClosed = Mutex(false)
      let server = try LoopbackServer { connection in
        connection.startParts()
        while let bytes = try? jpeg(), connection.sendPart(bytes) {
          Nap.sleep(for: .milliseconds(5))
        }
        isClosed.withLock { $0 = true }
      }
      defer { server.stop() }
      let session = try open(server.source())
      session.close()
      let end = ContinuousClock.now + .seconds(10)
      while !isClosed.withLock({ $0 }), ContinuousClock.now < end {
        Nap.sleep(for: .milliseconds(10))
      }
      #expect(isClosed.withLock { $0 })
    }
  }
}
