import Foundation
import Frames
import RefreshStatus
import Synchronization
import Testing

@testable import Publishers

/// `/v1/refresh`.
@Suite(.serialized) struct RefreshRoutesTests {
  /// What is asked of the purification, written down.
  private final class Desk: RefreshDesk {
    let calls = Mutex<[String]>([])
    let isBusy = Mutex(false)
    var report: RefreshReport {
      RefreshReport(
        version: .init(id: "ab", origin: "refresh", isOnProbation: true),
        frames: .init(count: 3, bytes: 99, oldest: nil, newest: nil, outcomes: ["kept": 3]),
        isRequested: calls.withLock { $0.last == "request" }, last: nil)
    }
    func request() throws {
      if isBusy.withLock({ $0 }) { throw RefreshError.busy }
      calls.withLock { $0.append("request") }
    }
    func cancel() { calls.withLock { $0.append("cancel") } }
    func forget() { calls.withLock { $0.append("forget") } }
  }

  private func camera() throws -> ScriptedCamera {
    ScriptedCamera([.picture(.rgb(try rectangles(x: 16)))], period: .milliseconds(10))
  }

  @Test func whoChangesSomethingNeedsTheTokenAndWhoAsksDoesNot() async throws {
    let desk = Desk()
    try await withServer([("a", camera())], desk: desk) { server in
      let answer = try await server.request("/v1/refresh")
      #expect(answer.status == 200)
      #expect((answer.json["version"] as? [String: Any])?["is_on_probation"] as? Bool == true)
      #expect((answer.json["frames"] as? [String: Any])?["count"] as? Int == 3)
      for (method, path) in [
        ("POST", "/v1/refresh"), ("DELETE", "/v1/refresh"), ("DELETE", "/v1/refresh/frames"),
      ] {
        #expect(try await server.request(path, method: method).status == 401)
        let headers = ["Authorization": "Bearer \(TestServer.token)"]
        #expect(try await server.request(path, method: method, headers: headers).status == 202)
        #expect(try await server.request(path, method: method, overSocket: true).status == 202)
      }
      #expect(
        desk.calls.withLock { $0 }
          == ["request", "request", "cancel", "cancel", "forget", "forget"])
      let state = try await server.request("/state")
      #expect(state.json["refresh"] != nil)
    }
  }

  @Test func aSecondOneIsRefusedWhileOneIsAtWork() async throws {
    let desk = Desk()
    desk.isBusy.withLock { $0 = true }
    try await withServer([("a", camera())], desk: desk) { server in
      let answer = try await server.request("/v1/refresh", method: "POST", overSocket: true)
      #expect(answer.status == 409)
      #expect(answer.error == "expected no other refresh, found one at work")
    }
  }
}
