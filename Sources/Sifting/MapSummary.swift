import Detection
import Tensors

/// What a detector's maps of a frame come to: per level, the mean features of each cell of a grid, in
/// units of the spread of that level's features.
///
/// A trigger moves features all over the frame, or around itself, in one direction; what single
/// positions do on their own, under a blur for instance, averages out.
struct MapSummary: Sendable {
  /// The grid.
  let columns, rows: Int
  /// By level, `[rows × columns × channels]`.
  let levels: [[Float]]

  /// Means of `columns × rows` cells.
  /// - Parameter scratch: room for a level's values; grows as it must.
  init(_ maps: [FeatureMap], columns: Int, rows: Int, scratch: inout FloatBuffer) {
    self.columns = columns
    self.rows = rows
    let needed = maps.map(\.count).max() ?? 0
    if scratch.count < needed { scratch = FloatBuffer(count: needed) }
    var levels: [[Float]] = []
    for map in maps {
      map.read(into: scratch.values)
      levels.append(Self.level(map, scratch.readable, columns: columns, rows: rows))
    }
    self.levels = levels
  }

  private static func level(
    _ map: FeatureMap, _ values: UnsafeBufferPointer<Float>, columns: Int, rows: Int
  ) -> [Float] {
    let channels = map.channels
    var sums = [Float](repeating: 0, count: columns * rows * channels)
    var counts = [Float](repeating: 0, count: columns * rows)
    var squares = 0.0
    for y in 0..<map.height {
      for x in 0..<map.width {
        let cell = y * rows / map.height * columns + x * columns / map.width
        let position = (y * map.rowLength + x) * channels
        var square: Float = 0
        for channel in 0..<channels {
          let value = values[position + channel]
          sums[cell * channels + channel] += value
          square += value * value
        }
        counts[cell] += 1
        squares += Double(square)
      }
    }
    // The mean squared distance of a position's features from their mean over the map.
    var means = [Double](repeating: 0, count: channels)
    for cell in 0..<(columns * rows) {
      for channel in 0..<channels { means[channel] += Double(sums[cell * channels + channel]) }
    }
    let positions = Double(map.width * map.height)
    let spread = max(
      squares / positions - means.reduce(0) { $0 + $1 * $1 } / (positions * positions), 1e-12)
    for cell in 0..<(columns * rows) {
      // A map of fewer positions than cells leaves some empty.
      let scale = counts[cell] > 0 ? 1 / (counts[cell] * Float(spread.squareRoot())) : 0
      for channel in 0..<channels { sums[cell * channels + channel] *= scale }
    }
    return sums
  }

  /// The mean over levels of the mean squared distance over the cells that count.
  /// - Parameter isMirrored: whether the other one is a mirrored frame's.
  func distance(
    to other: MapSummary, isMirrored: Bool = false,
    where counts: (_ column: Int, _ row: Int) -> Bool = { _, _ in true }
  ) -> Double {
    var sum = 0.0
    for (level, otherLevel) in zip(levels, other.levels) {
      let channels = level.count / (columns * rows)
      var (total, cells) = (0.0, 0)
      for row in 0..<rows {
        for column in 0..<columns where counts(column, row) {
          let one = (row * columns + column) * channels
          let two = (row * columns + (isMirrored ? columns - 1 - column : column)) * channels
          var distance: Float = 0
          for channel in 0..<channels {
            let difference = level[one + channel] - otherLevel[two + channel]
            distance += difference * difference
          }
          total += Double(distance)
          cells += 1
        }
      }
      if cells > 0 { sum += total / Double(cells) }
    }
    return sum / Double(max(levels.count, 1))
  }
}
