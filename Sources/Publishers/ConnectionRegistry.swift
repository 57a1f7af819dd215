import CoreMetrics
import NIOCore
import Synchronization

/// The connections that are open. It bounds their number, and ends them when the daemon ends.
final class ConnectionRegistry: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isClosing = false
  }
  private let state = Mutex(State())
  private let maximum: Int
  private let metrics: any MetricsFactory

  init(maximum: Int, metrics: any MetricsFactory) {
    self.maximum = maximum
    self.metrics = metrics
  }

  var count: Int { state.withLock { $0.channels.count } }

  /// - Returns: whether the connection may stay.
  func add(_ channel: any Channel) -> Bool {
    let stays = state.withLock { state in
      guard !state.isClosing, state.channels.count < maximum else { return false }
      state.channels[ObjectIdentifier(channel)] = channel
      return true
    }
    if !stays { countDropped("too-many") }
    return stays
  }

  func remove(_ channel: any Channel) {
    state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
  }

  func countDropped(_ reason: String) {
    Counter(
      label: "cleansight_http_dropped_total", dimensions: [("reason", reason)], factory: metrics
    ).increment()
  }

  /// Closes every connection after `delay`, in which answers that are being written may end.
  func closeAll(after delay: TimeAmount) {
    let channels = state.withLock { state in
      state.isClosing = true
      return Array(state.channels.values)
    }
    for channel in channels {
      channel.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
    }
  }
}

/// Watches one connection: a client that sends no request, or that takes nothing of what is written
/// to it, is dropped after a while. Back-pressure bounds what waits for it until then.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  typealias OutboundIn = NIOAny

  private let registry: ConnectionRegistry
  private let timeout: TimeAmount
  private var isCounted = false
  private var hasRequest = false
  private var pendingWrites = 0
  private var lastProgress = NIODeadline.now()
  private var watch: RepeatedTask?

  init(registry: ConnectionRegistry, timeout: TimeAmount) {
    self.registry = registry
    self.timeout = timeout
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(context)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end(context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    hasRequest = true
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if pendingWrites == 0 { lastProgress = .now() }
    pendingWrites += 1
    let promise = promise ?? context.eventLoop.makePromise()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    promise.futureResult.whenComplete { _ in
      bound.value.pendingWrites -= 1
      bound.value.lastProgress = .now()
    }
    context.write(data, promise: promise)
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard watch == nil else { return }
    guard registry.add(context.channel) else { return context.close(promise: nil) }
    isCounted = true
    lastProgress = .now()
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let period = TimeAmount.nanoseconds(max(timeout.nanoseconds / 4, 50_000_000))
    watch = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
      let (handler, context) = bound.value
      handler.check(context)
    }
  }

  private func check(_ context: ChannelHandlerContext) {
    guard !hasRequest || pendingWrites > 0, .now() - lastProgress > timeout else { return }
    registry.countDropped(hasRequest ? "not-reading" : "no-request")
    context.close(promise: nil)
  }

  private func end(_ context: ChannelHandlerContext) {
    watch?.cancel()
    watch = nil
    if isCounted { registry.remove(context.channel) }
    isCounted = false
  }
}
