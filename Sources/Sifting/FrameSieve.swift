import Augmentation
import Backbones
import DetectorPurification
import Engine
import Frames
import Models
import Networks
import Tensors

/// Measures frames for signs of a trigger, without labels, by what a given detector's maps do when
/// frames are blurred, mirrored and covered in part.
///
/// Purification must not be taught by frames that hold the trigger: on them, distillation keeps what the
/// trigger does. One thread uses it.
public final class FrameSieve {
  private let options: SiftingOptions
  private let frames: FrameSet
  private let pass: MapPass
  private let pixels: FloatBuffer
  private let columns, rows: [Int]
  private var blur = GaussianBlur()
  /// The most pictures that go through at once.
  private static let batch = 4

  /// Compiles the plan.
  /// - Throws: `SiftingError.option`, `EngineError`, or what reading the weights throws.
  public init(
    _ bundle: ModelBundle, frames: FrameSet, engine: Engine, options: SiftingOptions = .init()
  ) throws {
    try options.validate()
    guard case .fasterRCNN(let architecture) = bundle.manifest.architecture else {
      throw SiftingError.option(
        name: "model", expected: "a detector", found: "\(bundle.manifest.name), a classifier")
    }
    self.options = options
    self.frames = frames
    let network = architecture.network
    let store = try ParameterStore(network.pyramidGraph().parameters) { try bundle.tensor($0) }
    let shape = ActivationShape(
      batch: Self.batch, height: frames.height, width: frames.width, channels: 3)
    pass = try MapPass(
      network, shape: shape, engine: engine, store: store,
      normalisation: PixelNormalisation(bundle.manifest.normalisation), wantsPixels: false,
      isTrained: { _ in false })
    pixels = FloatBuffer(count: shape.count)
    func borders(_ length: Int, _ parts: Int) -> [Int] { (0...parts).map { $0 * length / parts } }
    columns = borders(frames.width, options.columns)
    rows = borders(frames.height, options.rows)
  }

  /// Measures every frame.
  /// - Returns: nil for frames that cannot be read any more.
  /// - Throws: `SiftingError.cancelled`, `EngineError`.
  public func measure(
    isCancelled: () -> Bool = { false }, progress: (_ done: Int) -> Void = { _ in }
  ) throws -> [FrameMeasures?] {
    var measures: [FrameMeasures?] = []
    for index in 0..<frames.count {
      if isCancelled() { throw SiftingError.cancelled }
      measures.append(try (try? frames.frame(index)).map(measure))
      progress(index + 1)
    }
    return measures
  }

  private func measure(_ frame: FloatImage) throws -> FrameMeasures {
    var pictures = [frame, blurred(frame), frame.mirrored()]
    for row in 0..<options.rows {
      for column in 0..<options.columns { pictures.append(covered(frame, column, row)) }
    }
    let maps = try self.maps(of: pictures)
    let spreads = maps[0].map { level in
      level.withUnsafeBufferPointer {
        FeatureMapObjective.spread(of: $0, channels: pass.channels)
      }
    }
    func distance(_ other: [[Float]], where counts: (_ level: Int, _ place: Int) -> Bool) -> Double
    {
      var sum = 0.0
      for level in other.indices {
        sum += self.distance(other[level], maps[0][level]) { counts(level, $0) } / spreads[level]
      }
      return sum / Double(other.count)
    }
    var cover = 0.0
    for row in 0..<options.rows {
      for column in 0..<options.columns {
        let picture = maps[3 + row * options.columns + column]
        cover = max(
          cover,
          distance(picture) { level, place in !self.isNear(place, level, column, row) })
      }
    }
    return FrameMeasures(
      blur: distance(maps[1]) { _, _ in true },
      mirror: distance(maps[2].enumerated().map { self.mirrored($1, level: $0) }) { _, _ in true },
      cover: cover)
  }

  // MARK: - Maps

  /// The maps of pictures, by picture and level, `[positions × channels]`.
  private func maps(of pictures: [FloatImage]) throws -> [[[Float]]] {
    let features = pixels.count / Self.batch
    var maps: [[[Float]]] = []
    for start in stride(from: 0, to: pictures.count, by: Self.batch) {
      let part = pictures[start..<min(start + Self.batch, pictures.count)]
      for (row, picture) in part.enumerated() {
        let target = pixels.rows(row..<(row + 1), width: features)
        _ = target.update(fromContentsOf: picture.pixels)
      }
      try pass.forward(pixels)
      for row in part.indices.map({ $0 - start }) {
        maps.append(
          pass.maps.map { map in
            let count = map.count / Self.batch
            return Array(map.rows(row..<(row + 1), width: count))
          })
      }
    }
    return maps
  }

  /// Width of a level's map; the pyramid halves from stride 4 on.
  private func width(_ level: Int) -> Int {
    let stride = 4 << level
    return (frames.width + stride - 1) / stride
  }

  /// The mean squared distance over the positions that count.
  private func distance(
    _ map: [Float], _ other: [Float], where counts: (_ place: Int) -> Bool
  ) -> Double {
    let channels = pass.channels
    var (sum, positions) = (0.0, 0)
    for place in 0..<(map.count / channels) where counts(place) {
      positions += 1
      for index in (place * channels)..<((place + 1) * channels) {
        let difference = map[index] - other[index]
        sum += Double(difference * difference)
      }
    }
    return positions > 0 ? sum / Double(positions) : 0
  }

  /// Whether a position of a level lies in a cell or within half a cell of it.
  private func isNear(_ place: Int, _ level: Int, _ column: Int, _ row: Int) -> Bool {
    let width = width(level)
    let stride = 4 << level
    let (x, y) = (place % width * stride + stride / 2, place / width * stride + stride / 2)
    let (marginX, marginY) = (
      (columns[column + 1] - columns[column]) / 2, (rows[row + 1] - rows[row]) / 2
    )
    return x >= columns[column] - marginX && x < columns[column + 1] + marginX
      && y >= rows[row] - marginY && y < rows[row + 1] + marginY
  }

  private func mirrored(_ map: [Float], level: Int) -> [Float] {
    let (width, channels) = (width(level), pass.channels)
    var result = map
    for place in 0..<(map.count / channels) {
      let other = place - place % width + width - 1 - place % width
      for channel in 0..<channels {
        result[place * channels + channel] = map[other * channels + channel]
      }
    }
    return result
  }

  // MARK: - Pictures

  /// A cell in the frame's mean colour.
  private func covered(_ frame: FloatImage, _ column: Int, _ row: Int) -> FloatImage {
    var mean: [Float] = [0, 0, 0]
    for index in frame.pixels.indices { mean[index % 3] += frame.pixels[index] }
    for channel in 0..<3 { mean[channel] /= Float(frame.width * frame.height) }
    var result = frame
    for y in rows[row]..<rows[row + 1] {
      for x in columns[column]..<columns[column + 1] {
        for channel in 0..<3 { result.pixels[(y * frame.width + x) * 3 + channel] = mean[channel] }
      }
    }
    return result
  }

  private func blurred(_ frame: FloatImage) -> FloatImage {
    var result = frame
    result.pixels.withUnsafeMutableBufferPointer {
      blur.apply(
        $0, width: frame.width, height: frame.height, radius: Int((3 * options.blur).rounded(.up)),
        sigma: options.blur, border: .replicate)
    }
    return result
  }
}
