import Attacks
import Backbones
import DataSets
import Engine
import Frames
import Measurement
import Models
import Tensors

/// Measures backbones: accuracy on clean test pictures, and attack success rate and patched accuracy
/// on the same pictures with triggers; see ``ClassificationMetrics``.
///
/// Pictures are read once; any number of backbones of one side can be measured on them. Triggers go
/// into the decoded pictures and the result is rounded to 8 bits, as in training.
public struct ClassificationEvaluation: Sendable {
  /// What of the data is used.
  public struct Options: Sendable {
    /// Share of the probe's folder, of every class alike, that the probe is fitted to.
    public var fraction: Double
    /// At most so many test pictures, chosen by the seed; nil: all.
    public var limit: Int?
    /// Decides which pictures those are.
    public var seed: UInt64
    /// How the probe is fitted.
    public var probe: LinearProbe.Options
    /// Threads that decode; nil: one per processor.
    public var threads: Int?

    /// Options.
    public init(
      fraction: Double = 0.01, limit: Int? = nil, seed: UInt64 = 1,
      probe: LinearProbe.Options = .init(), threads: Int? = nil
    ) {
      self.fraction = fraction
      self.limit = limit
      self.seed = seed
      self.probe = probe
      self.threads = threads
    }
  }

  /// The classes' names; a label is an index into them.
  public let classes: [String]
  /// The side of the pictures in pixels.
  public let side: Int
  /// The attacks, in the order of the report.
  public let attacks: [AttackSpecification]
  private let options: Options
  private let probeSet: ImageSet?
  private let testSet: ImageSet
  private let triggers: [any Trigger]

  /// Embeddings `[N, D]` of pictures and, where there is a head, logits `[N, classes]`.
  typealias Features = (_ pictures: [FloatImage]) throws -> (embeddings: Tensor, logits: Tensor?)

  /// Pictures in memory as f32 at a time.
  private static let chunk = 256

  /// Reads the pictures.
  /// - Parameters:
  ///   - probeImages: a folder with a sub-folder for each class, for the probe; nil for no probe.
  ///   - testImages: such a folder with the same classes, for the test.
  ///   - side: the side of the backbones' pictures in pixels.
  /// - Throws: `DataSetError`, `LaboratoryError` where a setting is out of range or the folders'
  ///   classes differ, and what an attack throws that does not fit the pictures.
  public init(
    probeImages: String?, testImages: String, side: Int, attacks: [AttackSpecification] = [],
    options: Options = Options()
  ) throws {
    try LaboratoryError.require(
      options.limit ?? 1 >= 1, "a limit", "of at least 1 picture", options.limit ?? 1)
    var test = try LabeledImageFolder(testImages)
    let names = test.classes
    for attack in attacks {
      try LaboratoryError.require(
        attack.target < names.count, "the target of \(attack.name)",
        "from 0 to \(names.count - 1)", attack.target)
    }
    let setOptions = ImageSetOptions(size: side, threads: options.threads)
    probeSet = try probeImages.map { path in
      let folder = try LabeledImageFolder(path)
      guard folder.classes == names else {
        throw LaboratoryError.classes(
          expected: "the classes of \(testImages) in \(path) (\(Self.list(names)))",
          found: Self.list(folder.classes))
      }
      let sample = try folder.stratifiedSample(fraction: options.fraction, seed: options.seed)
      return try ImageSet(sample, setOptions)
    }
    if let limit = options.limit {
      test = try test.sample(count: min(limit, test.count), seed: options.seed)
    }
    testSet = try ImageSet(test, setOptions)
    triggers = try attacks.map { try $0.trigger(width: side, height: side) }
    classes = names
    self.side = side
    self.attacks = attacks
    self.options = options
  }

  /// Measures a backbone.
  /// - Parameters:
  ///   - heads: which classifiers answer; nil: the probe where pictures were given for it, and the
  ///     own head where it is for as many classes.
  ///   - parameters: the backbone's parameters, where they are not the file's.
  /// - Throws: `LaboratoryError.head` where a head cannot answer, `.value` for a backbone of another
  ///   side, `EngineError`, `ProbeError`, `DataSetError`, `MeasurementError`.
  public func measure(
    _ file: BackboneFile, engine: Engine, heads: [ClassificationHead]? = nil,
    parameters: ParameterSource? = nil
  ) throws -> ClassificationReport {
    try LaboratoryError.require(
      file.side == side, "a backbone", "for pictures of \(side) pixels a side", file.side)
    let embedder = try Embedder(file, engine: engine, parameters: parameters)
    let owns = file.architecture.classes
    let possible = ClassificationHead.allCases.filter {
      $0 == .probe ? probeSet != nil : owns == classes.count
    }
    let chosen = heads ?? possible
    if chosen.contains(.own), owns != classes.count {
      throw LaboratoryError.head(
        expected: "a backbone with a head for \(classes.count) classes",
        found: owns.map { "a head for \($0)" } ?? "no head")
    }
    return try measure(heads: chosen) { try embedder.embed($0) }
  }

  func measure(heads: [ClassificationHead], _ features: Features) throws -> ClassificationReport {
    guard !heads.isEmpty else {
      throw LaboratoryError.head(
        expected: "pictures for a probe or a head for \(classes.count) classes", found: "neither")
    }
    let clock = ContinuousClock()
    let start = clock.now
    let probe = heads.contains(.probe) ? try fit(features) : nil
    let labels = testSet.labels ?? []
    let clean = try predictions(nil, probe, heads, features)
    var reports = try heads.map {
      ClassificationReport.Head(
        head: $0,
        clean: try ClassificationMetrics(cleanPredictions: clean[$0] ?? [], cleanLabels: labels),
        attacks: [])
    }
    for (attack, trigger) in zip(attacks, triggers) {
      let triggered = try predictions(trigger, probe, heads, features)
      for index in reports.indices {
        let head = reports[index].head
        reports[index].attacks.append(
          ClassificationReport.Attack(
            name: attack.name, specification: "\(attack)",
            metrics: try ClassificationMetrics(
              cleanPredictions: clean[head] ?? [], cleanLabels: labels,
              triggeredPredictions: triggered[head] ?? [], triggeredLabels: labels,
              targetClass: attack.target)))
      }
    }
    return ClassificationReport(
      classes: classes, testPictures: testSet.count, skippedPictures: testSet.skipped.count,
      probe: probe.map {
        ClassificationReport.Probe(
          pictures: probeSet?.count ?? 0, iterations: $0.iterations, converged: $0.converged)
      }, heads: reports, seconds: (clock.now - start).seconds)
  }

  private func fit(_ features: Features) throws -> LinearProbe {
    guard let probeSet, let labels = probeSet.labels else {
      throw LaboratoryError.head(expected: "labelled pictures for the probe", found: "none")
    }
    var values: [Float] = []
    try forEachChunk(of: probeSet) { values += try features($0).embeddings.values }
    let rows = try Tensor(shape: [labels.count, values.count / labels.count], values: values)
    return try LinearProbe(
      fitting: rows, labels: labels, classes: classes.count, options: options.probe)
  }

  /// The answers of each head on all test pictures.
  private func predictions(
    _ trigger: (any Trigger)?, _ probe: LinearProbe?, _ heads: [ClassificationHead],
    _ features: Features
  ) throws -> [ClassificationHead: [Int]] {
    var answers: [ClassificationHead: [Int]] = [:]
    try forEachChunk(of: testSet) { pictures in
      let seen =
        try trigger.map { trigger in
          try pictures.map { try FloatImage(try trigger.apply(to: $0).image()) }
        } ?? pictures
      let (embeddings, logits) = try features(seen)
      if heads.contains(.probe), let probe {
        answers[.probe, default: []] += try probe.predict(embeddings)
      }
      if heads.contains(.own), let logits {
        answers[.own, default: []] += Predictions.largest(logits.values, classes: classes.count)
      }
    }
    return answers
  }

  private func forEachChunk(of set: ImageSet, _ body: ([FloatImage]) throws -> Void) throws {
    for start in stride(from: 0, to: set.count, by: Self.chunk) {
      let indices = Array(start..<min(start + Self.chunk, set.count))
      try body(try set.images(indices).map { try FloatImage($0) })
    }
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}
