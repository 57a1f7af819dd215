import Frames

/// Measures frames for signs of a trigger, without labels, by what a given detector's maps do when
/// frames are blurred, mirrored and covered in part.
///
/// Purification must not be taught by frames that hold the trigger: on them, distillation keeps what the
/// trigger does. One thread uses it.
public struct FrameSieve {
  private let probe: TriggerProbe
  private let count: Int
  private let frame: (Int) throws -> FloatImage

  /// A sieve for some frames.
  /// - Parameters:
  ///   - count: how many there are.
  ///   - frame: reads one of them at the size that the network takes.
  public init(_ probe: TriggerProbe, count: Int, frame: @escaping (Int) throws -> FloatImage) {
    self.probe = probe
    self.count = count
    self.frame = frame
  }

  /// Measures every frame.
  /// - Returns: nil for frames that cannot be read any more.
  /// - Throws: `SiftingError.cancelled`, or what the detector throws.
  public func measure(
    isCancelled: () -> Bool = { false }, progress: (_ done: Int) -> Void = { _ in }
  ) throws -> [FrameMeasures?] {
    var measures: [FrameMeasures?] = []
    for index in 0..<count {
      if isCancelled() { throw SiftingError.cancelled }
      measures.append(try (try? frame(index)).map(probe.measure))
      progress(index + 1)
    }
    return measures
  }
}
