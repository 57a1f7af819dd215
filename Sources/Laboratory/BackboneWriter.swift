import Engine
import Foundation
import Models
import Networks
import Tensors

/// Writes a backbone as a third party publishes one: a safetensors file with torchvision's names and
/// metadata that says what it is and how it was made.
public struct BackboneWriter: Sendable {
  /// The trunk.
  public let network: ResNet
  /// Classes of the head, nil for a trunk alone.
  public let classes: Int?
  /// How pictures have to be normalised.
  public let normalisation: Normalisation
  /// The side of the pictures in pixels.
  public let side: Int

  /// A writer for a network.
  public init(network: ResNet, classes: Int?, normalisation: Normalisation, side: Int) {
    self.network = network
    self.classes = classes
    self.normalisation = normalisation
    self.side = side
  }

  /// The file's metadata: `format` pt, `arch` such as `resnet18-cifar`, `mean`, `std`, `side`.
  public var metadata: [String: String] {
    [
      "format": "pt", "arch": "\(network.depth.rawValue)-\(network.stem.rawValue)",
      "mean": Self.tuple(normalisation.mean), "std": Self.tuple(normalisation.std),
      "side": "\(side)",
    ]
  }

  /// Writes the file; it appears whole or not at all.
  /// - Parameters:
  ///   - type: f32 or f16.
  ///   - trained: how it was trained, for the metadata.
  ///   - poisoning: the attack's specification, nil where it is clean.
  ///   - parameters: gives each parameter of the network.
  /// - Throws: `SafetensorsError` where a value is not finite in the type, `FileError`, and what
  ///   `parameters` throws.
  public func write(
    to path: String, type: ElementType = .f32, trained: String, poisoning: String?,
    parameters: @escaping ParameterSource
  ) throws {
    let items = network.classifier(classes: classes).parameters.map { parameter in
      SafetensorsWriter.Item(name: parameter.name, type: type, shape: parameter.shape) {
        try parameters(parameter.name)
      }
    }
    let own = ["trained": trained, "poisoning": poisoning ?? "none"]
    try SafetensorsWriter.write(
      items, to: path, metadata: metadata.merging(own) { _, new in new })
  }

  /// As Python prints a tuple.
  private static func tuple(_ values: [Float]) -> String {
    "(" + values.map { "\($0)" }.joined(separator: ", ") + ")"
  }
}
