import Engine
import Foundation
import Models
import Tensors

/// The state of a purification after an epoch, in one safetensors file that appears whole or not at
/// all: parameters, velocities, shared perturbations and the losses so far.
struct PurificationCheckpoint {
  /// Epochs that are done.
  var epochs: Int
  var losses: [PurificationLosses]
  /// What the shared perturbations reached before the training.
  var searched: [Float]
  /// Channels that were switched off before the training.
  var pruned: Int

  /// What a checkpoint must agree with to be taken up.
  struct Identity {
    let options: PurificationOptions
    /// The SHA-256 of the suspicious backbone's file.
    let source: String
    /// The fingerprint of the pictures.
    let data: String
    /// Backend, precision and threads: other sums give other weights.
    let engine: String
  }

  private static let velocity = "velocity:"
  private static let shared = "shared:"

  /// Writes the state.
  /// - Throws: `FileError`, `SafetensorsError`.
  func write(to path: String, trainer: PurificationTrainer, identity: Identity) throws {
    let store = trainer.store
    var items = try store.specifications.map {
      SafetensorsWriter.Item(name: $0.name, tensor: try store.tensor($0.name))
    }
    for (name, values) in trainer.optimiser.state {
      items.append(
        .init(
          name: Self.velocity + name, tensor: try Tensor(shape: [values.count], values: values)))
    }
    for (index, values) in (trainer.shared?.states ?? []).enumerated() {
      items.append(
        .init(
          name: Self.shared + "\(index)",
          tensor: try Tensor(shape: [values.count], values: values)))
    }
    let history = losses.flatMap { [$0.pull, $0.distillation, $0.fineTuning, $0.total] }
    items.append(
      .init(name: "losses", tensor: try Tensor(shape: [losses.count, 4], values: history)))
    items.append(
      .init(name: "searched", tensor: try Tensor(shape: [searched.count], values: searched)))
    var metadata = try Self.metadata(identity)
    metadata["epochs"] = "\(epochs)"
    metadata["pruned"] = "\(pruned)"
    try SafetensorsWriter.write(items, to: path, metadata: metadata)
  }

  /// Reads a state into a trainer.
  /// - Throws: `PurificationError.checkpoint` where it is of another run, `FileError`,
  ///   `SafetensorsError`, `EngineError`.
  static func read(
    from path: String, into trainer: PurificationTrainer, identity: Identity
  ) throws -> PurificationCheckpoint {
    let reader = try SafetensorsReader(path: path)
    for (key, expected) in try metadata(identity) {
      let found = reader.metadata[key] ?? "none"
      guard found == expected else {
        throw PurificationError.checkpoint(
          path: path, what: key, expected: expected, found: found)
      }
    }
    let text = reader.metadata["epochs"] ?? "none"
    guard let epochs = Int(text), (0...identity.options.epochs).contains(epochs) else {
      throw PurificationError.checkpoint(
        path: path, what: "epochs", expected: "0 to \(identity.options.epochs)", found: text)
    }
    for specification in trainer.store.specifications {
      try trainer.store.set(specification.name, to: try reader.tensor(specification.name))
    }
    var velocities: [String: [Float]] = [:]
    for name in trainer.optimiser.state.keys {
      velocities[name] = try reader.tensor(velocity + name).values
    }
    try trainer.optimiser.restore(velocities)
    if let states = trainer.shared?.states {
      let found = try states.indices.map { try reader.tensor(shared + "\($0)").values }
      guard trainer.shared?.restore(found) == true else {
        throw PurificationError.checkpoint(
          path: path, what: "shared perturbations", expected: "those of such a run",
          found: "others")
      }
    }
    let history = try reader.tensor("losses").values
    let losses = stride(from: 0, to: history.count - history.count % 4, by: 4).map {
      PurificationLosses(
        pull: history[$0], distillation: history[$0 + 1], fineTuning: history[$0 + 2],
        total: history[$0 + 3])
    }
    try trainer.load()
    return PurificationCheckpoint(
      epochs: epochs, losses: losses, searched: try reader.tensor("searched").values,
      pruned: reader.metadata["pruned"].flatMap { Int($0) } ?? 0)
  }

  private static func metadata(_ identity: Identity) throws -> [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return [
      "options": String(decoding: try encoder.encode(identity.options), as: UTF8.self),
      "source": identity.source, "data": identity.data, "engine": identity.engine,
    ]
  }
}
