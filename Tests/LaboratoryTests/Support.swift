import Attacks
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
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(
      "laboratory-\(UUID().uuidString)")
    path = root.path
    var random = SeededRandom(seed)
    for name in ["blue", "red"] {
      let folder = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for index in 0..<perClass {
        let (strong, weak) = (random.integer(in: 150...220), random.integer(in: 20...90))
        let image = try Image(
          width: Self.side, height: Self.side, red: UInt8(name == "red" ? strong : weak),
          green: 60, blue: UInt8(name == "red" ? weak : strong))
        let number = String(format: "%02d", index)
        try Data(JPEGEncoder(quality: 95).encode(image))
          .write(to: folder.appendingPathComponent("\(number).jpg"))
      }
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func pictures(attack: String? = nil, memory: Int = 1 << 20) throws -> TrainingPictures {
    try TrainingPictures(
      labeled: path, TrainingPictures.Options(size: Self.side, memory: memory),
      attack: try attack.map { try AttackSpecification($0) })
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
  _ pictures: TrainingPictures, epochs: Int = 3, rate: Float = 0.1, weightDecay: Float = 5e-4
) throws -> ClassifierTrainer {
  let settings = TrainingSettings(
    epochs: epochs, batch: 8, learningRate: rate, weightDecay: weightDecay, warmUp: 0.2)
  return try ClassifierTrainer(
    ClassifierOptions(settings: settings), pictures: pictures, engine: try smallEngine(),
    initial: nil, graph: SmallNetwork.classifier)
}

func smallSimCLR(_ pictures: TrainingPictures, epochs: Int = 3) throws -> SimCLRTrainer {
  let settings = TrainingSettings(
    epochs: epochs, batch: 8, learningRate: 0.1, weightDecay: 1e-4, warmUp: 0)
  return try SimCLRTrainer(
    SimCLROptions(settings: settings), pictures: pictures, engine: try smallEngine(),
    initial: nil, graph: SmallNetwork.contrastive)
}
