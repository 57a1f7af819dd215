import Foundation
import Synchronization

/// Tells systemd how the daemon is (`sd_notify(3)`), over the datagram socket that `NOTIFY_SOCKET`
/// names. Without one it does nothing.
public final class ServiceNotifier: Sendable {
  private let path: String?
  private let watchdogPeriod: Duration?
  private let last = Mutex<(watchdog: ContinuousClock.Instant?, status: String?)>((nil, nil))

  /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` from an environment.
  public init(environment: [String: String]) {
    let path = environment["NOTIFY_SOCKET"] ?? ""
    self.path = path.hasPrefix("/") || path.hasPrefix("@") ? path : nil
    let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    if isForUs, let text = environment["WATCHDOG_USEC"], let period = Int64(text), period > 0 {
      // Half the time-out, as sd_watchdog_enabled(3) recommends.
      watchdogPeriod = .microseconds(period / 2)
    } else {
      watchdogPeriod = nil
    }
  }

  /// The start or a reload is over.
  public func ready() { send("READY=1") }

  /// A reload begins.
  public func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
  }

  /// The end begins.
  public func stopping() { send("STOPPING=1") }

  /// One line for `systemctl status`; sent only where it is another than before.
  public func status(_ text: String) {
    let line = text.replacingOccurrences(of: "\n", with: " ")
    let isNew = last.withLock { last in
      defer { last.status = line }
      return last.status != line
    }
    if isNew { send("STATUS=\(line)") }
  }

  /// The inference loop works; sent at half the watchdog's time-out at most.
  public func alive() {
    guard let watchdogPeriod else { return }
    let now = ContinuousClock.now
    let isDue = last.withLock { last in
      if let previous = last.watchdog, now - previous < watchdogPeriod { return false }
      last.watchdog = now
      return true
    }
    if isDue { send("WATCHDOG=1") }
  }

  private func send(_ message: String) {
    guard let path else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    // "@" stands for the zero byte of an abstract address.
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let length = socklen_t(pathOffset + bytes.count)
    let data = Array(message.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        // The loop must not wait for systemd.
        sendto(
          descriptor, data, data.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0,
          length)
      }
    }
  }
}
