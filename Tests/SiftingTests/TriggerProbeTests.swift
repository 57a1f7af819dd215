import Detection
import Engine
import Frames
import SmallDetectors
import Tensors
import Testing

@testable import Sifting

/// A detector of random weights for pictures of 96×64.
func smallFasterRCNN() throws -> FasterRCNN {
  try FasterRCNN(
    bundle: SmallDetector(pictures: []).bundle,
    options: EngineOptions(precision: .f32, threads: 2))
}

/// Means of maps over cells, and what changes do to frames.
@Suite struct TriggerProbeTests {
  @Test func aSummaryIsTheMeanOfEachCell() throws {
    let detector = try smallFasterRCNN()
    let maps = try detector.maps(of: SmallDetector.picture(1))
    #expect(maps.map(\.width) == [24, 12, 6, 3] && maps.map(\.height) == [16, 8, 4, 2])
    var scratch = FloatBuffer(count: 1)
    let summary = MapSummary(maps, columns: 3, rows: 2, scratch: &scratch)
    for (map, level) in zip(maps, summary.levels) {
      var values = [Float](repeating: 0, count: map.count)
      values.withUnsafeMutableBufferPointer { map.read(into: $0) }
      func mean(_ columns: Range<Int>, _ rows: Range<Int>, _ channel: Int) -> Double {
        var sum = 0.0
        for y in rows {
          for x in columns {
            sum += Double(values[(y * map.rowLength + x) * map.channels + channel])
          }
        }
        return sum / Double(columns.count * rows.count)
      }
      let (all, channels) = (0..<map.width, 0..<map.channels)
      var spread = 0.0
      for channel in channels {
        let center = mean(all, 0..<map.height, channel)
        for position in 0..<(map.width * map.height) {
          let difference = Double(values[position * map.channels + channel]) - center
          spread += difference * difference / Double(map.width * map.height)
        }
      }
      let cell = ((map.width / 3)..<(2 * map.width / 3), (map.height / 2)..<map.height)
      for channel in channels {
        let expected = mean(cell.0, cell.1, channel) / spread.squareRoot()
        let found = Double(level[(3 + 1) * map.channels + channel])
        #expect(abs(expected - found) < 1e-3 * max(1, abs(expected)))
      }
    }
  }

  @Test func paddingDoesNotCount() throws {
    // 70×50 becomes 89×64 in a tensor of 96×64.
    let maps = try smallFasterRCNN().maps(of: SmallDetector.picture(1, width: 70, height: 50))
    #expect(maps[0].rowLength == 24 && maps[0].width == 22 && maps[0].height == 16)
    #expect(maps[0].count == 24 * 16 * maps[0].channels)
  }

  @Test func distancesCompareCellsThatCount() throws {
    let probe = try TriggerProbe(smallFasterRCNN())
    let frame = try FloatImage(SmallDetector.picture(2))
    let summary = try probe.summary(of: frame)
    #expect(summary.columns == 6 && summary.rows == 4)
    #expect(summary.distance(to: summary) == 0)
    let mirrored = try probe.summary(of: frame.mirrored())
    let (straight, back) = (
      summary.distance(to: mirrored), summary.distance(to: mirrored, isMirrored: true)
    )
    #expect(straight > 0 && back > 0 && straight != back)
    #expect(summary.distance(to: mirrored) { _, _ in false } == 0)
    #expect(try probe.distance(frame, summary, after: .mirror) == back)
  }

  @Test func changesLeaveTheRestAlone() throws {
    let frame = try FloatImage(SmallDetector.picture(3))
    let options = SiftingOptions()
    #expect(FrameChange.all(options).count == 8)
    let covered = FrameChange.cover(column: 2, row: 0).apply(to: frame, options)
    for pixel in 0..<(96 * 64) {
      let isCovered = pixel % 96 >= 64 && pixel / 96 < 32
      let range = (3 * pixel)..<(3 * pixel + 3)
      #expect(isCovered || covered.pixels[range] == frame.pixels[range])
      if isCovered { #expect(covered.pixels[range] == covered.pixels[192..<195]) }
    }
    #expect(FrameChange.mirror.apply(to: frame, options) == frame.mirrored())
    let blurred = FrameChange.blur.apply(to: frame, options)
    #expect(
      blurred != frame && abs(blurred.pixels.reduce(0, +) / frame.pixels.reduce(0, +) - 1) < 0.01)
  }
}
