import Engine
import Foundation
import Models
import Networks
import Tensors

/// A training's state between two steps in a safetensors file: parameters, velocities, how many steps
/// are done, and the settings of the run, so that another run is not continued by mistake.
///
/// Everything random is drawn from the seed, the epoch and the step, so that nothing else is needed
/// to go on exactly.
struct TrainingCheckpoint {
  /// Steps done.
  let step: Int
  /// Settings of the run by name.
  let settings: [String: String]

  private static let format = "cleansight-training-1"
  private static let parameter = "parameter."
  private static let velocity = "velocity."
  private static let setting = "setting."

  /// Writes the file; it appears whole or not at all.
  /// - Throws: `SafetensorsError` where a value is not finite, `FileError`.
  func write(
    to path: String, store: ParameterStore, optimizer: StochasticGradientDescent
  ) throws {
    var items = store.specifications.map { specification in
      SafetensorsWriter.Item(
        name: Self.parameter + specification.name, type: .f32, shape: specification.shape
      ) { try store.tensor(specification.name) }
    }
    for (name, values) in optimizer.state {
      items.append(
        SafetensorsWriter.Item(
          name: Self.velocity + name, type: .f32, shape: [values.count]
        ) { try Tensor(shape: [values.count], values: values) })
    }
    var metadata = ["format": Self.format, "step": "\(step)"]
    for (name, value) in settings { metadata[Self.setting + name] = value }
    try SafetensorsWriter.write(items, to: path, metadata: metadata)
  }

  /// Reads a file into a store and an optimiser.
  /// - Parameter settings: what the file's have to be.
  /// - Returns: how many steps are done.
  /// - Throws: `LaboratoryError.checkpoint` where it is of another run, and what reading throws.
  static func read(
    _ path: String, settings: [String: String], steps: Int, store: ParameterStore,
    optimizer: StochasticGradientDescent
  ) throws -> Int {
    let reader = try SafetensorsReader(path: path)
    func mismatch(_ expected: String, _ found: String) -> LaboratoryError {
      .checkpoint(path: path, expected: expected, found: found)
    }
    guard reader.metadata["format"] == format else {
      throw mismatch("of a training (\(format))", reader.metadata["format"] ?? "none")
    }
    for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
      let found = reader.metadata[setting + name] ?? "none"
      guard found == value else { throw mismatch("with the \(name) \(value)", String(found)) }
    }
    guard let text = reader.metadata["step"], let step = Int(text), (0...steps).contains(step)
    else {
      throw mismatch("at a step of 0 to \(steps)", reader.metadata["step"] ?? "none")
    }
    for specification in store.specifications {
      try store.set(specification.name, to: try reader.tensor(parameter + specification.name))
    }
    var velocities: [String: [Float]] = [:]
    for name in optimizer.state.keys {
      velocities[name] = try reader.tensor(velocity + name).values
    }
    try optimizer.restore(velocities)
    return step
  }
}
