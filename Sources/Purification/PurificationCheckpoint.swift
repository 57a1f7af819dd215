import Engine
import Foundation
import Models
import Tensors

/// The state of a purification between two steps, in one safetensors file that appears whole or not at
/// all: parameters, velocities, shared perturbations and the losses so far. Everything random is drawn
/// from the seed and the step, so that nothing else is needed to go on exactly.
package struct PurificationCheckpoint {
  /// The losses of each step that is done.
  package var losses: [PurificationLosses] = []
  /// What the shared perturbations reached at each step of their search that is done.
  package var searched: [Float] = []
  /// Channels that were switched off before the training.
  package var pruned = 0
  /// What the objective measured before the first step; a detector's are the spreads of its maps.
  package var measured: [Float] = []

  /// The state before anything is done.
  package init() {}

  /// What a checkpoint must agree with to be taken up.
  package struct Identity {
    let options: PurificationOptions
    let source: String
    let data: String
    let engine: String

    /// What tells a run from others.
    /// - Parameters:
    ///   - source: the given network, by the SHA-256 of its file.
    ///   - data: the fingerprint of the pictures.
    ///   - engine: its backend, precision, threads and algorithm: other sums give other weights.
    package init(options: PurificationOptions, source: String, data: String, engine: Engine) {
      self.options = options
      self.source = source
      self.data = data
      self.engine =
        "\(engine.backend.rawValue) \(engine.precision.rawValue) \(engine.threads) threads"
        + (engine.usesWinograd ? ", Winograd" : "")
    }
  }

  /// In which states a run may be kept.
  package struct Bounds {
    let steps, stride, search: Int
    let keepsSearch: Bool
    let measured: Int

    /// Bounds of a run.
    /// - Parameters:
    ///   - steps: of the training in all.
    ///   - stride: steps from one state that is kept to the next, such as those of an epoch.
    ///   - search: steps of the search before the training.
    ///   - keepsSearch: whether states within the search are kept.
    ///   - measured: how many values the objective measures.
    package init(steps: Int, stride: Int, search: Int, keepsSearch: Bool, measured: Int) {
      self.steps = steps
      self.stride = stride
      self.search = search
      self.keepsSearch = keepsSearch
      self.measured = measured
    }
  }

  private static let velocity = "velocity:"
  private static let shared = "shared:"

  /// Writes the state.
  /// - Throws: `FileError`, `SafetensorsError`.
  package func write(to path: String, of run: any PurificationRun, identity: Identity) throws {
    let store = run.store
    func item(_ name: String, _ values: [Float]) throws -> SafetensorsWriter.Item {
      .init(name: name, tensor: try Tensor(shape: [values.count], values: values))
    }
    var items = store.specifications.map { specification in
      SafetensorsWriter.Item(name: specification.name, type: .f32, shape: specification.shape) {
        try store.tensor(specification.name)
      }
    }
    for (name, values) in run.optimiser.state {
      items.append(try item(Self.velocity + name, values))
    }
    for (index, values) in (run.shared?.states ?? []).enumerated() {
      items.append(try item(Self.shared + "\(index)", values))
    }
    let history = losses.flatMap { [$0.pull, $0.distillation, $0.fineTuning, $0.total] }
    items.append(
      .init(name: "losses", tensor: try Tensor(shape: [losses.count, 4], values: history)))
    items.append(try item("searched", searched))
    if !measured.isEmpty { items.append(try item("measured", measured)) }
    var metadata = try Self.metadata(identity)
    metadata["pruned"] = "\(pruned)"
    try SafetensorsWriter.write(items, to: path, metadata: metadata)
  }

  /// Reads a state into a run that is at its beginning.
  /// - Throws: `PurificationError.checkpoint` where it is of another run or no state of such a run,
  ///   `FileError`, `SafetensorsError`, `EngineError`.
  package static func read(
    from path: String, into run: any PurificationRun, identity: Identity, bounds: Bounds
  ) throws -> PurificationCheckpoint {
    let reader = try SafetensorsReader(path: path)
    func refusal(_ what: String, _ expected: String, _ found: String) -> PurificationError {
      .checkpoint(path: path, what: what, expected: expected, found: found)
    }
    for (key, expected) in try metadata(identity).sorted(by: { $0.key < $1.key }) {
      let found = reader.metadata[key] ?? "none"
      guard found == expected else { throw refusal(key, expected, found) }
    }
    var state = PurificationCheckpoint()
    let pruned = reader.metadata["pruned"] ?? "none"
    guard let count = Int(pruned), count == 0 || (count > 0 && identity.options.pruning > 0) else {
      throw refusal("pruned", "a number of channels", pruned)
    }
    state.pruned = count

    // Sizes are looked at before anything is read: a state is never larger than its run's.
    func length(_ name: String, upTo limit: Int, tail: [Int] = []) throws -> Int {
      let shape = reader.entry(name)?.shape ?? []
      guard let count = shape.first, count <= limit, Array(shape.dropFirst()) == tail else {
        throw refusal(name, "at most \(limit)", "\(shape)")
      }
      return count
    }
    let steps = try length("losses", upTo: bounds.steps, tail: [4])
    guard steps % max(bounds.stride, 1) == 0 else {
      throw refusal("steps", "a multiple of \(bounds.stride)", "\(steps)")
    }
    let searched = try length("searched", upTo: bounds.search)
    guard searched == bounds.search || (bounds.keepsSearch && steps == 0) else {
      throw refusal("searched", "\(bounds.search) before any step", "\(searched)")
    }
    if reader.entry("measured") != nil || searched > 0 || steps > 0, bounds.measured > 0 {
      guard try length("measured", upTo: bounds.measured) == bounds.measured else {
        throw refusal("measured", "\(bounds.measured)", "fewer")
      }
      state.measured = try reader.tensor("measured").values
    }
    state.searched = try reader.tensor("searched").values
    let history = try reader.tensor("losses").values
    state.losses = (0..<steps).map {
      PurificationLosses(
        pull: history[4 * $0], distillation: history[4 * $0 + 1],
        fineTuning: history[4 * $0 + 2], total: history[4 * $0 + 3])
    }
    try restore(run, from: reader) { refusal("shared perturbations", "those of such a run", $0) }
    return state
  }

  private static func restore(
    _ run: any PurificationRun, from reader: SafetensorsReader,
    refusal: (_ found: String) -> PurificationError
  ) throws {
    for specification in run.store.specifications {
      try run.store.set(specification.name, to: try reader.tensor(specification.name))
    }
    var velocities: [String: [Float]] = [:]
    for name in run.optimiser.state.keys {
      velocities[name] = try reader.tensor(velocity + name).values
    }
    try run.optimiser.restore(velocities)
    if let states = run.shared?.states {
      let found = try states.indices.map { try reader.tensor(shared + "\($0)").values }
      guard run.shared?.restore(found) == true else { throw refusal("others") }
    }
    try run.load()
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
