import Foundation
import Pipeline
import Synchronization

/// What the daemon lets its publishers tell about itself.
public final class StatusBoard: Sendable {
  private struct State {
    var reload: StateReport.Reload?
    var tokenFile: String?
    var token: AccessToken?
  }
  private let state = Mutex(State())
  private let start = ContinuousClock.now
  /// The program's version.
  public let version: String

  /// A board of a daemon that starts now.
  public init(version: String) { self.version = version }

  /// What became of the last reload.
  public var reload: StateReport.Reload? { state.withLock { $0.reload } }
  /// Notes what became of a reload; nil is success.
  public func reloaded(error: String?) {
    let time = Date().formatted(.iso8601Milliseconds)
    state.withLock { $0.reload = .init(time: time, error: error) }
  }

  /// The token that requests which change state must carry; nil refuses them.
  public var token: AccessToken? { state.withLock { $0.token } }
  /// The file in which the token stands.
  public var tokenFile: String? { state.withLock { $0.tokenFile } }
  /// Sets the token and the file it was read from.
  public func set(token: AccessToken?, file: String?) {
    state.withLock { state in
      state.token = token
      state.tokenFile = file
    }
  }

  /// Seconds since the start.
  public var uptime: Double {
    let elapsed = (ContinuousClock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }

  /// Resident memory in bytes, from `/proc/self/statm`.
  public static var residentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return nil
    }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
