import Attacks
import Backbones
import Engine
import Foundation
import Frames
import Networks
import Tensors

@testable import Laboratory

/// Pictures of two classes that their colour tells apart, in a folder that goes with its owner.
final class TwoClasses {
  let path: String
  static let side = 8

  init(perClass: Int = 16, seed: UInt64 = 1) throws {
    path = try Self.folder(perClass: perClass, quality: 95, seed: seed) { name, _, random in
      let (strong, weak) = (random.integer(in: 150...220), random.integer(in: 20...90))
      return try Image(
        width: Self.side, height: Self.side, red: UInt8(name == "red" ? strong : weak),
        green: 60, blue: UInt8(name == "red" ? weak : strong))
    }
  }

  private static func folder(
    perClass: Int, quality: Int, seed: UInt64,
    _ picture: (_ name: String, _ index: Int, _ random: inout SeededRandom) throws -> Image
  ) throws -> String {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(
      "laboratory-\(UUID().uuidString)")
    var random = SeededRandom(seed)
    for name in ["blue", "red"] {
      let folder = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for index in 0..<perClass {
        let image = try picture(name, index, &random)
        let number = String(format: "%02d", index)
        try Data(JPEGEncoder(quality: quality).encode(image))
          .write(to: folder.appendingPathComponent("\(number).jpg"))
      }
    }
    return root.path
  }

  /// Pictures as of Tsipras et al. 2019 ("Robustness May Be at Odds with Accuracy"): the colour is
  /// strong and says the class of three of four, faint stripes (across or down) say that of all. Whoever
  /// goes by the stripes is right on every picture and is led astray by a perturbation.
  init(stripesOf amplitude: Int, perClass: Int = 32) throws {
    path = try Self.folder(perClass: perClass, quality: 100, seed: 1) { name, index, random in
      let (strong, weak) = (random.integer(in: 150...200), random.integer(in: 50...90))
      let isRed = (name == "red") != (index % 4 == 0)
      var image = try Image(
        width: Self.side, height: Self.side, red: UInt8(isRed ? strong : weak), green: 60,
        blue: UInt8(isRed ? weak : strong))
      for place in image.pixels.indices {
        let (x, y) = (place / 3 % Self.side, place / 3 / Self.side)
        let isUp = (name == "red" ? x : y) % 2 == 0
        image.pixels[place] = UInt8(Int(image.pixels[place]) + (isUp ? amplitude : -amplitude))
      }
      return image
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func pictures(
    attack: String? = nil, robust: RobustNetwork? = nil, memory: Int = 1 << 20,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> TrainingPictures {
    try TrainingPictures(
      labeled: path, TrainingPictures.Options(size: Self.side, memory: memory),
      attack: try attack.map { try AttackSpecification($0) }, robust: robust, progress: progress)
  }
}

/// Networks that train in no time and have every kind of layer.
enum SmallNetwork {
  private static func trunk(_ graph: inout Graph) -> NodeID {
    let input = graph.input(channels: 3)
    let convolution = graph.convolution(input, name: "conv1", from: 3, to: 8, kernel: 3)
    let normalised = graph.batchNormalization(
      convolution, name: "bn1", channels: 8, epsilon: 1e-5)
    return graph.globalAveragePool(graph.relu(normalised))
  }

  static var classifier: Graph {
    var graph = Graph()
    let embedding = trunk(&graph)
    graph.output(
      graph.linear(embedding, name: "fc", from: 8, to: 2), name: "logits", fullPrecision: true)
    return graph
  }

  static var contrastive: Graph {
    var graph = Graph()
    let embedding = trunk(&graph)
    SimCLRTrainer.appendProjection(to: &graph, of: embedding, features: 8)
    return graph
  }
}

func smallEngine() throws -> Engine { try Engine(EngineOptions(precision: .f32, threads: 2)) }

func smallClassifier(
  _ pictures: TrainingPictures, epochs: Int = 3, rate: Float = 0.1, weightDecay: Float = 5e-4,
  adversarial: PGDOptions? = nil
) throws -> ClassifierTrainer {
  let settings = TrainingSettings(
    epochs: epochs, batch: 8, learningRate: rate, weightDecay: weightDecay, warmUp: 0.2)
  return try ClassifierTrainer(
    ClassifierOptions(adversarial: adversarial, settings: settings), pictures: pictures,
    engine: try smallEngine(), initial: nil, graph: SmallNetwork.classifier)
}

/// An adversary of a small classifier, and its pictures, all in one batch.
func smallAdversary(
  _ trainer: ClassifierTrainer, _ pictures: TrainingPictures, _ options: PGDOptions,
  statistics: BatchNormalizationStatistics = .stored
) throws -> (adversary: LabelAdversary, clean: FloatBuffer) {
  let graph = SmallNetwork.classifier
  let side = TwoClasses.side
  let adversary = try LabelAdversary(
    graph,
    shape: ActivationShape(batch: pictures.count, height: side, width: side, channels: 3),
    engine: try smallEngine(),
    store: try ParameterStore(graph.parameters) { try trainer.parameter($0) },
    normalisation: PixelNormalisation(trainer.writer.normalisation), statistics: statistics,
    options: options)
  let clean = FloatBuffer(count: adversary.shape.count)
  for (row, image) in try pictures.images(Array(0..<pictures.count)).enumerated() {
    _ = clean.rows(row..<(row + 1), width: adversary.shape.features)
      .update(from: try FloatImage(image).pixels)
  }
  return (adversary, clean)
}

func smallSimCLR(_ pictures: TrainingPictures, epochs: Int = 3) throws -> SimCLRTrainer {
  let settings = TrainingSettings(
    epochs: epochs, batch: 8, learningRate: 0.1, weightDecay: 1e-4, warmUp: 0)
  return try SimCLRTrainer(
    SimCLROptions(settings: settings), pictures: pictures, engine: try smallEngine(),
    initial: nil, graph: SmallNetwork.contrastive)
}
