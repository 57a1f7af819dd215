import Engine
import Frames
import Models
import Networks
import Tensors

/// A backbone that turns pictures into embeddings, and into logits where it has a head. One thread
/// uses it.
public final class Embedder {
  /// Length of an embedding.
  public let dimension: Int
  /// Classes of the head, nil where there is none.
  public let classes: Int?
  /// The side of the pictures in pixels.
  public let side: Int
  private let plan: InferencePlan
  private let normalisation: PixelNormalisation
  private let batch: Int
  private var pixels: [Float]
  private var values: [Float]

  /// Compiles a backbone.
  /// - Parameters:
  ///   - parameters: its parameters, where they are not the file's.
  ///   - batch: pictures at once.
  /// - Throws: `EngineError`, or what reading the file throws.
  public init(
    _ file: BackboneFile, engine: Engine, batch: Int = 64, parameters: ParameterSource? = nil
  ) throws {
    side = file.side
    classes = file.architecture.classes
    dimension = file.architecture.trunk.outputChannels
    normalisation = PixelNormalisation(file.normalisation)
    self.batch = batch
    let shape = ActivationShape(batch: batch, height: side, width: side, channels: 3)
    plan = try InferencePlan(
      file.graph, input: shape, engine: engine,
      parameters: parameters ?? { try file.parameter($0) })
    pixels = .init(repeating: 0, count: shape.count)
    values = pixels
  }

  /// Embeddings `[N, dimension]` and, with a head, logits `[N, classes]`.
  /// - Throws: `EngineError.shape` where a picture is not `side × side`.
  public func embed(_ images: [FloatImage]) throws -> (embeddings: Tensor, logits: Tensor?) {
    var embeddings: [Float] = []
    embeddings.reserveCapacity(images.count * dimension)
    var logits: [Float] = []
    let features = side * side * 3
    for start in stride(from: 0, to: images.count, by: batch) {
      let part = images[start..<min(start + batch, images.count)]
      for (row, image) in part.enumerated() {
        guard image.width == side, image.height == side, image.pixels.count == features else {
          throw EngineError.shape(
            operation: "embedding", expected: "pictures of \(side)×\(side)",
            found: "\(image.width)×\(image.height)")
        }
        pixels.replaceSubrange((row * features)..<((row + 1) * features), with: image.pixels)
      }
      pixels.withUnsafeBufferPointer { pixels in
        values.withUnsafeMutableBufferPointer { normalisation.apply(pixels, into: $0) }
      }
      try plan.input.write(values)
      try plan.run()
      embeddings += try plan.output("embedding").f32[..<(part.count * dimension)]
      if let classes {
        logits += try plan.output("logits").f32[..<(part.count * classes)]
      }
    }
    return (
      try Tensor(shape: [images.count, dimension], values: embeddings),
      try classes.map { try Tensor(shape: [images.count, $0], values: logits) }
    )
  }
}
