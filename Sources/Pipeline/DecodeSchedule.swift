/// Decides which of a camera's pictures is decoded ahead on the camera's thread.
///
/// A camera that is faster than the detector delivers pictures that nobody will look at; decoding
/// them all would take processor time from the inference. A picture is decoded ahead when no later
/// one can be ready before the detector is free again. One that was not is kept undecoded and is
/// decoded by the inference thread if the detector is free earlier than expected, so that the
/// newest picture always wins.
struct DecodeSchedule {
  private var lastArrival: ContinuousClock.Instant?
  private var lastTaken: ContinuousClock.Instant?
  /// Seconds between pictures of the camera, and between pictures that the detector took.
  private(set) var arrivalPeriod = 0.0
  private(set) var takePeriod = 0.0
  /// Weight of the newest period.
  private static let weight = 0.2

  mutating func shouldDecode(at now: ContinuousClock.Instant, isConsumerWaiting: Bool) -> Bool {
    if let lastArrival {
      arrivalPeriod = Self.smooth(arrivalPeriod, (now - lastArrival).inSeconds)
    }
    lastArrival = now
    guard !isConsumerWaiting, let lastTaken, takePeriod > 0 else { return true }
    let untilTaken = takePeriod - (now - lastTaken).inSeconds
    return untilTaken < arrivalPeriod
  }

  mutating func taken(at now: ContinuousClock.Instant) {
    if let lastTaken { takePeriod = Self.smooth(takePeriod, (now - lastTaken).inSeconds) }
    lastTaken = now
  }

  private static func smooth(_ mean: Double, _ value: Double) -> Double {
    mean == 0 ? value : mean + weight * (min(value, 10) - mean)
  }
}
