import Foundation
import Reservoir

/// Which captured frames a refresh uses: kept in a file, so that one that was interrupted goes on with
/// the same frames.
struct FrameSelection: Sendable, Equatable, Codable {
  /// The model that is purified.
  var base: String
  /// Frames to purify from, and others to judge by.
  var training, judging: [String]
  /// Each one's camera.
  var cameras: [String: String]
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
    let (many, few) = Self.judgingStrides
    // However few are to be purified from, there must be enough to judge by.
    let spread = Self.spread(entries, max(training + judging, few * judging))
    let (picked, wanted) = (spread.map(\.id), spread.count)
    cameras = Dictionary(spread.map { ($0.id, $0.camera) }, uniquingKeysWith: { $1 })
    let stride = wanted >= many * judging ? many : few
    let forJudging = picked.indices.filter { $0 % stride == stride - 1 }.prefix(judging)
    let held = Set(forJudging)
    self.judging = forJudging.map { picked[$0] }
    self.training = Self.spread(
      picked.indices.filter { !held.contains($0) }.map { picked[$0] }, training)
  }

  /// So many of them at most, evenly.
  private static func spread<Element>(_ all: [Element], _ count: Int) -> [Element] {
    let wanted = min(all.count, count)
    return (0..<wanted).map { all[$0 * all.count / wanted] }
  }

  /// A selection that was kept, where it still holds.
  /// - Parameter folder: where its frames are.
  init?(file: String, folder: String, base: String, now: Date = Date()) {
    guard let data = FileManager.default.contents(atPath: file), data.count <= 4 << 20,
      let kept = try? JSONDecoder().decode(FrameSelection.self, from: data), kept.base == base,
      (0...Self.maximumAge).contains(now.timeIntervalSince1970 - kept.chosen)
    else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let there = Set(names)
    guard (kept.training + kept.judging).allSatisfy({ there.contains($0 + ".jpg") }) else {
      return nil
    }
    self = kept
  }

  /// Links the frames into a folder of their own: the reservoir may let go of them while they are used.
  /// - Throws: what making folders and links throws.
  func link(_ entries: [ReservoirEntry], into folder: String) throws {
    let manager = FileManager.default
    try? manager.removeItem(atPath: folder)
    try manager.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let wanted = Set(training + judging)
    for entry in entries where wanted.contains(entry.id) {
      guard let url = entry.url else { continue }
      try manager.linkItem(atPath: url.path, toPath: "\(folder)/\(entry.id).jpg")
    }
  }

  func write(_ file: String) throws {
    try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: file), options: .atomic)
  }
}
