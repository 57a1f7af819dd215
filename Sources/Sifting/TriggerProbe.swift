import Detection
import Frames
import Tensors

/// Asks a detector what its maps do when something is done to a frame that may take a trigger away.
/// One thread uses it: the detector's.
public final class TriggerProbe {
  private let detector: any MapDetector
  private let options: SiftingOptions
  private var scratch = FloatBuffer(count: 1)

  /// Cells of the maps for each cell that is covered, across and down: one of them on each side of a
  /// covered cell is its neighbourhood, where maps change in any case.
  static let fineness = 2

  /// A probe.
  /// - Throws: `SiftingError.option`.
  public init(_ detector: any MapDetector, options: SiftingOptions = .init()) throws {
    try options.validate()
    self.detector = detector
    self.options = options
  }

  /// The shorter side of what the network looks at, in pixels.
  var side: Int { detector.shorterSide }

  /// What is to be compared with.
  /// - Throws: what the detector throws.
  func summary(of frame: FloatImage) throws -> MapSummary {
    try MapSummary(
      detector.maps(of: frame.image()), columns: options.columns * Self.fineness,
      rows: options.rows * Self.fineness, scratch: &scratch)
  }

  /// How far a change moves a frame's maps.
  /// - Throws: what the detector throws.
  func distance(_ frame: FloatImage, _ summary: MapSummary, after change: FrameChange) throws
    -> Double
  {
    let other = try self.summary(of: change.apply(to: frame, options))
    guard case .cover(let column, let row) = change else {
      return summary.distance(to: other, isMirrored: change == .mirror)
    }
    return summary.distance(to: other) { !Self.isNear($0, column) || !Self.isNear($1, row) }
  }

  /// Whether a cell of the maps lies under a covered cell or beside it.
  private static func isNear(_ place: Int, _ covered: Int) -> Bool {
    place >= covered * fineness - 1 && place <= (covered + 1) * fineness
  }

  /// All that is measured of a frame.
  /// - Throws: what the detector throws.
  public func measure(_ frame: FloatImage) throws -> FrameMeasures {
    let summary = try summary(of: frame)
    var measures = FrameMeasures(blur: 0, mirror: 0, cover: 0)
    for change in FrameChange.all(options) {
      let distance = try distance(frame, summary, after: change)
      switch change {
      case .blur: measures.blur = distance
      case .mirror: measures.mirror = distance
      case .cover: measures.cover = max(measures.cover, distance)
      }
    }
    return measures
  }
}
