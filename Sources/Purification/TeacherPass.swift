import Backbones
import DataSets
import Engine
import Networks
import Tensors

/// Embeddings by the backbone as it was downloaded, frozen. One thread uses it.
final class TeacherPass {
  private let plan: InferencePlan
  private let part: Int
  private let dimension: Int
  private let shape: ActivationShape
  private let normalisation: PixelNormalisation
  private let values: FloatBuffer

  /// Parts of a batch that stay in the cache.
  private static let greatestPart = 32

  init(
    _ graph: Graph, shape: ActivationShape, engine: Engine, normalisation: PixelNormalisation,
    parameters: @escaping ParameterSource
  ) throws {
    part = min(shape.batch, Self.greatestPart)
    var partShape = shape
    partShape.batch = part
    plan = try InferencePlan(graph, input: partShape, engine: engine, parameters: parameters)
    dimension = try plan.output("embedding").shape.features
    self.shape = shape
    self.normalisation = normalisation
    values = FloatBuffer(count: partShape.count)
  }

  var memoryBytes: Int { plan.memoryBytes }

  /// Embeddings `[batch, dimension]` of pixels in `0…1`.
  func embed(_ pixels: FloatBuffer, into embeddings: FloatBuffer) throws {
    for start in stride(from: 0, to: shape.batch, by: part) {
      let rows = start..<min(start + part, shape.batch)
      let given = pixels.rows(rows, width: shape.features)
      normalisation.apply(
        UnsafeBufferPointer(given),
        into: UnsafeMutableBufferPointer(rebasing: values.values[..<given.count]))
      plan.input.write(values.readable)
      try plan.run()
      try plan.output("embedding").read(into: embeddings.rows(rows, width: dimension))
    }
  }

  /// The mean squared distance of clean embeddings from their mean, from up to 512 pictures.
  func spread(_ images: ImageSet) throws -> Float {
    let pixels = FloatBuffer(count: shape.count)
    let embeddings = FloatBuffer(count: shape.batch * dimension)
    var all: [Float] = []
    let picked = Array(0..<min(images.count, 512))
    for start in stride(from: 0, to: picked.count, by: shape.batch) {
      let part = Array(picked[start..<min(start + shape.batch, picked.count)])
      for (row, image) in try images.images(part).enumerated() {
        let target = pixels.rows(row..<(row + 1), width: shape.features)
        for index in target.indices { target[index] = Float(image.pixels[index]) / 255 }
      }
      try embed(pixels, into: embeddings)
      all += embeddings.values[..<(part.count * dimension)]
    }
    return EmbeddingObjective.spread(of: all, dimension: dimension)
  }
}
