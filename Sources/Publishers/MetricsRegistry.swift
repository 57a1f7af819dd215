import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps everything in memory until Prometheus asks. A recorder
/// that aggregates and a timer become histograms; a meter and any other recorder become gauges.
public final class MetricsRegistry: MetricsFactory {
  struct Key: Hashable, Comparable {
    var label: String
    /// Rendered as `{name="value",…}`, or empty.
    var labels: String

    static func < (left: Key, right: Key) -> Bool {
      (left.label, left.labels) < (right.label, right.labels)
    }
  }

  /// More series than this are not kept: labels come from models and configurations.
  static let maximumSeries = 10_000
  private let series = Mutex<[Key: Series]>([:])

  /// An empty registry.
  public init() {}

  /// Everything, in order.
  func all() -> [(key: Key, series: Series)] {
    series.withLock { $0.map { (key: $0.key, series: $0.value) } }.sorted { $0.key < $1.key }
  }

  /// A counter.
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    make(label, dimensions, .counter)
  }
  /// A gauge.
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    make(label, dimensions, .gauge)
  }
  /// A histogram where `aggregate`, else a gauge.
  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    make(label, dimensions, aggregate ? .histogram : .gauge)
  }
  /// A histogram in seconds.
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    make(label, dimensions, .histogram)
  }
  /// Forgets a counter.
  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  /// Forgets a gauge.
  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  /// Forgets a recorder.
  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  /// Forgets a timer.
  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

  private func make(
    _ label: String, _ dimensions: [(String, String)], _ kind: Series.Kind
  ) -> Series {
    let key = Key(
      label: PrometheusText.name(label), labels: PrometheusText.labels(dimensions))
    return series.withLock { all in
      if let series = all[key], series.kind == kind { return series }
      let series = Series(kind: kind)
      if all.count < Self.maximumSeries { all[key] = series }
      return series
    }
  }

  private func remove(_ handler: AnyObject) {
    series.withLock { all in
      for key in all.keys where all[key] === handler { all[key] = nil }
    }
  }
}

/// One time series.
final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  enum Kind: String {
    case counter, gauge, histogram
  }
  /// Upper bounds of the histograms' buckets in seconds: from a fast stage to a camera that hangs.
  static let bounds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1,
    2.5, 5, 10,
  ]

  struct Value {
    var value = 0.0
    var count: UInt64 = 0
    var buckets = [UInt64](repeating: 0, count: Series.bounds.count)
  }
  let kind: Kind
  private let state = Mutex(Value())

  init(kind: Kind) { self.kind = kind }

  var value: Value { state.withLock { $0 } }

  func increment(by amount: Int64) { state.withLock { $0.value += Double(amount) } }
  func reset() { state.withLock { $0 = Value() } }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { state.withLock { $0.value = value } }
  func increment(by amount: Double) { state.withLock { $0.value += amount } }
  func decrement(by amount: Double) { state.withLock { $0.value -= amount } }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    guard kind == .histogram else { return set(value) }
    guard value.isFinite else { return }
    state.withLock { state in
      state.value += value
      state.count += 1
      for index in Self.bounds.indices where value <= Self.bounds[index] {
        state.buckets[index] += 1
      }
    }
  }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }
}
