import Foundation
import Reservoir

/// Which captured frames a refresh uses: kept in a file, so that one that was interrupted goes on with
/// the same frames.
struct FrameSelection: Sendable, Equatable, Codable {
  /// The model that is purified.
  var base: String
  /// Frames to purify from, and others to judge by.
  var training, judging: [String]
  /// When they were chosen, in seconds since 1970.
  var chosen: Double

  /// A selection is forgotten after so long: the camera has seen more since.
  static let maximumAge = 86400.0
  /// Every so many-th frame is one to judge by: where there are frames enough, and where there are few.
  static let judgingStrides = (many: 9, few: 5)

  /// Frames spread evenly over all that there are.
  /// - Parameter entries: oldest first.
  init(_ entries: [ReservoirEntry], base: String, training: Int, judging: Int, now: Date = Date()) {
    self.base = base
    chosen = now.timeIntervalSince1970
    let wanted = min(entries.count, training + judging)
    let picked = (0..<wanted).map { entries[$0 * entries.count / wanted].id }
    let (many, few) = Self.judgingStrides
    let stride = wanted >= many * judging ? many : few
    let forJudging = picked.indices.filter { $0 % stride == stride - 1 }.prefix(judging)
    let held = Set(forJudging)
    self.judging = forJudging.map { picked[$0] }
    self.training = picked.indices.filter { !held.contains($0) }.prefix(training).map { picked[$0] }
  }

  /// A selection that was kept, where it still holds.
  init?(file: String, entries: [ReservoirEntry], base: String, now: Date = Date()) {
    guard let data = FileManager.default.contents(atPath: file), data.count <= 4 << 20,
      let kept = try? JSONDecoder().decode(FrameSelection.self, from: data), kept.base == base,
      (0...Self.maximumAge).contains(now.timeIntervalSince1970 - kept.chosen)
    else { return nil }
    let there = Set(entries.map(\.id))
    guard (kept.training + kept.judging).allSatisfy(there.contains) else { return nil }
    self = kept
  }

  func write(_ file: String) throws {
    try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: file), options: .atomic)
  }
}
