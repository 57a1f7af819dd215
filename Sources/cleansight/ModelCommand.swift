import ArgumentParser
import Models

/// `cleansight model`: looks at, checks and makes model folders.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Look at, check, import and sign models; choose which one serves.",
    subcommands: [
      Inspect.self, Verify.self, Import.self, List.self, Activate.self, Rollback.self, Sign.self,
      Keygen.self,
    ])
}

extension ModelCommand {
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a model folder or a safetensors file is.")

    @Argument(help: "A model folder, or a .safetensors file.")
    var path: String
    @Flag(help: "Print JSON, with every tensor.")
    var json = false
    @Flag(help: "List every tensor.")
    var tensors = false

    func run() throws {
      let inspection = try ModelInspection(path: path)
      print(json ? inspection.json.prettyText : inspection.text(withTensors: tensors))
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check hashes, names, shapes and every value; exit with 1 on anything wrong.")

    @Argument(help: "A model folder, or a .safetensors file.")
    var path: String

    func run() throws {
      let inspection = try ModelInspection.verify(path: path)
      if let reason = inspection.reason { throw ValidationFailure(description: reason) }
      print("\(path): sound (\(inspection.weights.entries.count) tensors)")
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a model folder of a torchvision state dict in safetensors.",
      discussion: "tools/convert.py turns a PyTorch .pth into safetensors.")

    @Argument(help: "The weights, a .safetensors file.")
    var weights: String
    @Option(help: "The folder to make.")
    var output: String
    @Option(help: "The model's name; the folder's unless given.")
    var name: String?
    @Option(help: "Class names without the background, comma-separated.")
    var classes: String?
    @Option(help: "A detector's shorter side in pixels (800 unless given).")
    var minSize: Int?
    @Option(help: "A detector's longer side at most (1333 unless given).")
    var maxSize: Int?
    @Option(help: "A classifier's input side (224, or 32 with a CIFAR stem, unless given).")
    var side: Int?
    @Option(
      help: "Anchor sizes: levels apart by ';', sizes by ',', as '32;64;128;256;512' (default).")
    var anchorSizes: String?
    @Option(help: "Anchors' height over width, as '0.5,1,2' (default).")
    var aspectRatios: String?
    @Option(help: "BatchNorm's epsilon; 0 for torchvision's COCO_V1 detectors.")
    var batchNormEpsilon: Float = 1e-5
    @Option(help: "Means of red, green, blue in 0...1 (ImageNet's or CIFAR-10's unless given).")
    var mean: String?
    @Option(help: "Standard deviations of red, green, blue.")
    var std: String?
    @Option(help: "Where the weights come from and how they were made.")
    var description = ""
    @Option(help: "The weights' licence.")
    var licence = "unknown"

    func run() throws {
      var options = ModelImport.Options()
      options.name = name
      options.classes = classes.map { $0.split(separator: ",").map(String.init) }
      options.minSize = minSize
      options.maxSize = maxSize
      options.side = side
      options.anchorSizes = try anchorSizes.map { text in
        try text.split(separator: ";").map { try numbers(String($0), "--anchor-sizes") }
      }
      options.aspectRatios = try aspectRatios.map { try numbers($0, "--aspect-ratios") }
      options.batchNormEpsilon = batchNormEpsilon
      if let mean, let std {
        options.normalisation = Normalisation(
          mean: try numbers(mean, "--mean"), std: try numbers(std, "--std"))
      } else if mean != nil || std != nil {
        throw ValidationError("--mean and --std: expected both or neither")
      }
      options.description = description
      options.licence = licence
      try ModelImport(weights: weights, options: options).write(to: output)
      print(try ModelInspection(path: output).text())
    }

    private func numbers(_ text: String, _ option: String) throws -> [Float] {
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let number = Float(part), number.isFinite else {
          throw ValidationError("\(option): expected numbers, found '\(part)'")
        }
        return number
      }
    }
  }
}

/// The model can be read, but not loaded.
private struct ValidationFailure: Error, CustomStringConvertible {
  let description: String
}
