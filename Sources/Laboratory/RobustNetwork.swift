import Attacks
import Backbones
import DataSets
import Engine
import Frames
import Models
import Networks
import Tensors

/// The network that a label-consistent attacker perturbs pictures against (Turner et al. 2019,
/// "Label-Consistent Backdoor Attacks"): a classifier of the same classes, trained on adversarial
/// pictures. What it no longer recognises no network learns from easily, so that of a poisoned picture
/// only the trigger is left as a cue for its label.
///
/// One thread uses it.
public struct RobustNetwork {
  /// The SHA-256 of its file in hexadecimal.
  public let sha256: String
  /// Classes of its head.
  public let classes: Int
  /// The side of its pictures in pixels.
  public let side: Int
  private let graph: Graph
  private let normalisation: Normalisation
  private let engine: Engine
  private let store: ParameterStore

  /// Pictures at once. It decides nothing: each picture's start is drawn by its index.
  private static let batch = 64

  /// Reads a classifier.
  /// - Throws: `LaboratoryError.head` for a file without a head, `EngineError`, and what reading
  ///   throws.
  public init(_ file: BackboneFile, engine: Engine) throws {
    guard let classes = file.architecture.classes else {
      throw LaboratoryError.head(
        expected: "a robust network with a head to attack", found: "no head in \(file.path)")
    }
    try self.init(
      file.graph, classes: classes, side: file.side, normalisation: file.normalisation,
      sha256: try file.sha256(), engine: engine, source: file.parameter)
  }

  /// - Parameter graph: has the output `logits`; tests take a small one.
  init(
    _ graph: Graph, classes: Int, side: Int, normalisation: Normalisation, sha256: String,
    engine: Engine, source: ParameterSource
  ) throws {
    self.graph = graph
    self.classes = classes
    self.side = side
    self.normalisation = normalisation
    self.sha256 = sha256
    self.engine = engine
    store = try ParameterStore(graph.parameters, source: source)
  }

  /// Makes sure that an attack perturbs pictures, and those of its target only.
  /// - Returns: how it does.
  /// - Throws: `LaboratoryError.value` for another attack or none, and for a mode that changes labels.
  @discardableResult public static func perturbation(
    of attack: AttackSpecification?
  ) throws -> PGDOptions {
    guard let attack, let perturbation = attack.perturbation else {
      throw LaboratoryError.value(
        name: "a robust network", expected: "with the attack cla",
        found: attack.map { "it with \($0.name)" } ?? "it without an attack")
    }
    try LaboratoryError.require(
      attack.mode != .poison, "cla with a robust network", "in the mode clean or ssl",
      attack.mode.rawValue)
    return perturbation
  }

  /// Makes sure that the network sees the classes and the size of pictures.
  /// - Throws: `LaboratoryError.head`, `.value`.
  func check(classes: Int, size: Int) throws {
    guard classes == self.classes else {
      throw LaboratoryError.head(
        expected: "a robust network for \(classes) classes", found: "one for \(self.classes)")
    }
    try LaboratoryError.require(
      size == side, "a robust network", "for pictures of \(size) pixels a side", side)
  }

  /// Perturbs some pictures of a set.
  /// - Parameters:
  ///   - indices: which.
  ///   - labels: what each picture of the set shows.
  ///   - seed: decides where each picture's ascent starts.
  ///   - progress: called from time to time with how many are done.
  ///   - keep: takes each perturbed picture, pixels in `0…1`.
  /// - Throws: `DataSetError`, `EngineError`, `LossError`, and what `keep` throws.
  func perturb(
    _ indices: [Int], of set: ImageSet, labels: [Int], options: PGDOptions, seed: UInt64,
    progress: (_ done: Int) -> Void, keep: (_ index: Int, _ picture: FloatImage) throws -> Void
  ) throws {
    let batch = min(Self.batch, indices.count)
    guard batch > 0 else { return }
    let adversary = try LabelAdversary(
      graph, shape: ActivationShape(batch: batch, height: side, width: side, channels: 3),
      engine: engine, store: store, normalisation: PixelNormalisation(normalisation),
      statistics: .stored, options: options)
    let features = adversary.shape.features
    let (clean, adversarial) = (
      FloatBuffer(count: adversary.shape.count), FloatBuffer(count: adversary.shape.count)
    )
    for start in stride(from: 0, to: indices.count, by: batch) {
      let part = Array(indices[start..<min(start + batch, indices.count)])
      // A plan's batch is always whole: the last picture stands in for those that it lacks.
      let rows = (0..<batch).map { part[min($0, part.count - 1)] }
      for (row, image) in try set.images(rows).enumerated() {
        _ = clean.rows(row..<(row + 1), width: features)
          .update(from: try FloatImage(image).pixels)
      }
      try adversary.perturb(clean, labels: rows.map { labels[$0] }, into: adversarial) { row in
        SeededRandom(seed, 0x726f_6275_7374, UInt64(rows[row]))
      }
      for (row, index) in part.enumerated() {
        let pixels = Array(adversarial.rows(row..<(row + 1), width: features))
        try keep(index, FloatImage(width: side, height: side, pixels: pixels))
      }
      progress(start + part.count)
    }
  }
}
