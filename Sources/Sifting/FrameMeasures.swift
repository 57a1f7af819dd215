import Measurement

/// What a frame's maps do when something is done to the frame that leaves its content where it is.
///
/// A trigger is a small cause with a large effect: take it away, and the maps change far more than an
/// ordinary frame's do. So each number is a distance between maps, in units of their spread.
public struct FrameMeasures: Sendable, Hashable, Codable {
  /// After a blur, which takes fine noise away.
  public var blur: Double
  /// Between the mirrored frame's maps, mirrored back, and the frame's own: a pattern that is no mirror
  /// image of itself says nothing in the mirror.
  public var mirror: Double
  /// The greatest over the cells of the frame: the maps outside a cell and its neighbourhood, after the
  /// cell was covered. A patch that rules the frame from one corner is found so.
  public var cover: Double

  var all: [Double] { [blur, mirror, cover] }
}

/// Which frames are suspect.
public struct SiftedFrames: Sendable, Hashable, Codable {
  /// The measures of each frame; nil for one that could not be read.
  public var measures: [FrameMeasures?]
  /// For each frame, how far its measures lie above its camera's median at most, in robust standard
  /// deviations.
  public var scores: [Double]
  /// The frames that are kept, ascending.
  public var kept: [Int]

  /// Decides by the measures.
  /// - Parameter cameras: of each frame; what is usual for one is not for another. Cameras of few frames
  ///   are taken together.
  public init(_ measures: [FrameMeasures?], cameras: [String], options: SiftingOptions) {
    self.measures = measures
    let readable = measures.indices.filter { measures[$0] != nil }
    let groups = Self.groups(readable, cameras)
    var scores = [Double](repeating: .infinity, count: measures.count)
    for group in groups {
      let numbers = group.map { measures[$0]?.all ?? [] }
      let places = numbers.first?.indices ?? 0..<0
      let usual = places.map { place in RobustSpread(numbers.map { $0[place] }) }
      for (index, values) in zip(group, numbers) {
        scores[index] = zip(values, usual).map { $1.score($0) }.max() ?? 0
      }
    }
    self.scores = scores
    // The most suspect first; of equals the later ones.
    let order = readable.sorted { (scores[$0], $0) > (scores[$1], $1) }
    let over = order.count { scores[$0] > options.threshold }
    let (least, greatest) = (
      (options.leastShare * Double(order.count)).rounded(.up),
      (options.greatestShare * Double(order.count)).rounded(.down)
    )
    kept = order.dropFirst(max(Int(least), min(over, Int(greatest)))).sorted()
  }

  /// Frames that need each other's company to know what is usual.
  static let smallestGroup = 24

  private static func groups(_ frames: [Int], _ cameras: [String]) -> [[Int]] {
    var byCamera: [String: [Int]] = [:]
    for index in frames { byCamera[cameras[index], default: []].append(index) }
    var groups: [[Int]] = []
    var rest: [Int] = []
    for camera in byCamera.keys.sorted() {
      let group = byCamera[camera] ?? []
      if group.count >= smallestGroup { groups.append(group) } else { rest += group }
    }
    return rest.isEmpty ? groups : groups + [rest]
  }
}
