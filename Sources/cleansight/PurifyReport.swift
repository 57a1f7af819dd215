import Attacks
import DataSets
import Engine
import Evidence
import Foundation
import Models
import Purification
import Reports
import Tensors

/// Puts together what `cleansight purify --report` writes.
struct PurifyReport {
  let program: String
  let options: PurificationOptions
  let engine: Engine
  let head: String
  let attack: AttackSpecification?
  var notes: [String] = []
  var before: EvidenceStudy.Result?
  var after: EvidenceStudy.Result?
  var result: Purifier.Result?
  var times = StageTimes()
  private let startedAt = Date()

  init(
    program: String, options: PurificationOptions, engine: Engine, head: String,
    attack: AttackSpecification?
  ) {
    self.program = program
    self.options = options
    self.engine = engine
    self.head = head
    self.attack = attack
  }

  /// Writes `report.json` and `report.html`.
  func write(
    to folder: String, file: BackboneFile, output: String, folder images: ImageFolder,
    set: ImageSet
  ) throws {
    guard let before, let after, let result else { return }
    let purified = try BackboneFile(path: output)
    let report = PurificationReport(
      program: "cleansight \(program)", startedAt: ISO8601DateFormatter().string(from: startedAt),
      model: .init(
        name: URL(fileURLWithPath: file.path).lastPathComponent,
        architecture:
          "\(file.architecture.trunk.rawValue), \(file.architecture.stem.rawValue) stem",
        originalDigest: try file.sha256(), purifiedDigest: try purified.sha256()),
      settings: try settings(result),
      data: .init(
        description: "Unlabeled JPEGs of one folder", pictures: result.images,
        refused: set.skipped.count, width: set.size, height: set.size,
        fingerprint: images.fingerprint.description),
      stages: times.stages, searched: Self.curve(result.searched),
      projection: Self.curve(result.projection),
      steps: result.losses.enumerated().map { index, losses in
        PurificationReport.Step(
          step: index + 1, epoch: index / max(result.stepsPerEpoch, 1) + 1,
          learningRate: Double(result.learningRates[index]),
          losses: [
            "pull": Double(losses.pull), "distillation": Double(losses.distillation),
            "fine-tuning": Double(losses.fineTuning), "total": Double(losses.total),
          ].filter { $0.key != "fine-tuning" || options.lambda.fineTuning > 0 })
      },
      evidence: try EvidenceComparison(before: before.evidence, after: after.evidence),
      embeddings: try plane(before, after), notes: notes)
    try report.write(to: URL(fileURLWithPath: folder))
  }

  private static func curve(_ values: [Float]) -> [Double]? {
    values.isEmpty ? nil : values.map(Double.init)
  }

  /// The options under their own names.
  private func settings(_ result: Purifier.Result) throws -> [String: SettingValue] {
    let data = try JSONEncoder().encode(options)
    var settings: [String: SettingValue] = [:]
    let object = try JSONDecoder().decode([String: Setting].self, from: data)
    for (name, value) in object { settings[name] = value.value }
    settings["batch"] = .number(Double(result.batch))
    settings["prunedChannels"] = .number(Double(result.prunedChannels))
    settings["backend"] = .text(engine.backend.rawValue)
    settings["precision"] = .text(engine.precision.rawValue)
    settings["threads"] = .number(Double(engine.threads))
    settings["winograd"] = .flag(engine.usesWinograd)
    settings["head"] = .text(head)
    if let attack { settings["attack"] = .text("\(attack)") }
    return settings
  }

  /// An option as JSON has it: a value, or λ with its three.
  private struct Setting: Decodable {
    let value: SettingValue

    init(from decoder: any Decoder) throws {
      if let single = try? SettingValue(from: decoder) {
        value = single
      } else {
        let weights = try PurificationOptions.Weights(from: decoder)
        value = .text("\(weights.pull), \(weights.distillation), \(weights.fineTuning)")
      }
    }
  }

  /// Embeddings before and after on a plane, as the paper's Figure 1 has them. Without labels, the
  /// colours are those of clusters of the clean embeddings before.
  private func plane(
    _ before: EvidenceStudy.Result, _ after: EvidenceStudy.Result
  ) throws -> PurificationReport.EmbeddingPicture {
    let clusters = try KMeans(
      clustering: before.clean, clusters: min(before.evidence.clusters, before.clean.shape[0]),
      seed: options.seed)
    return .init(
      groups: (1...clusters.centroids.shape[0]).map { "cluster \($0)" },
      before: try points(before, clusters.assignments),
      after: try points(after, clusters.assignments))
  }

  private func points(
    _ study: EvidenceStudy.Result, _ groups: [Int]
  ) throws -> [PurificationReport.EmbeddingPicture.Point] {
    let parts = [study.clean, study.adversarial] + (study.triggered.map { [$0] } ?? [])
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    let all = try Tensor(
      shape: [rows, study.clean.shape[1]], values: parts.flatMap { unit($0) })
    let places = try TSNE(seed: options.seed).layout(all).places
    let count = study.clean.shape[0]
    return places.enumerated().map { index, place in
      switch index / count {
      case 0: .init(place, kind: .clean, group: groups[index])
      case 1: .init(place, kind: .adversarial)
      default: .init(place, kind: .triggered)
      }
    }
  }

  /// Rows of length 1: contrastive losses see directions only.
  private func unit(_ rows: Tensor) -> [Float] {
    let columns = rows.shape[1]
    var values = rows.values
    for start in stride(from: 0, to: values.count, by: columns) {
      let length = values[start..<(start + columns)].reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      for index in start..<(start + columns) { values[index] /= length }
    }
    return values
  }
}
