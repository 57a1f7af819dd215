import Engine
import Foundation
import Models
import Networks
import Tensors
import Testing

@testable import Laboratory

@Suite struct ParameterTests {
  private static let network = ResNet(depth: .resnet18, stem: .cifar)
  private static let parameters = network.classifier(classes: 10).parameters
  private let initial = InitialParameters(for: parameters, seed: 7)

  private func deviation(_ values: [Float]) -> Double {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (squares / Double(values.count)).squareRoot()
  }

  @Test func convolutionsAreNormalWithTheFanOut() throws {
    let weights = try initial.tensor("layer1.0.conv1.weight")
    #expect(weights.shape == [64, 64, 3, 3])
    let expected = (2.0 / (64 * 9)).squareRoot()
    #expect(abs(deviation(weights.values) / expected - 1) < 0.02)
    #expect(try #require(weights.values.max()) > Float(3 * expected), "not bounded as uniform is")
    // The output channels count, not the input's.
    let wider = try initial.tensor("layer2.0.conv1.weight")
    #expect(abs(deviation(wider.values) / (2.0 / (128 * 9)).squareRoot() - 1) < 0.02)
  }

  @Test func theOtherLayersAreAsPyTorchsDefaults() throws {
    #expect(try initial.tensor("bn1.weight").values.allSatisfy { $0 == 1 })
    #expect(try initial.tensor("bn1.bias").values.allSatisfy { $0 == 0 })
    #expect(try initial.tensor("bn1.running_mean").values.allSatisfy { $0 == 0 })
    #expect(try initial.tensor("bn1.running_var").values.allSatisfy { $0 == 1 })
    let limit = 1 / Float(512).squareRoot()
    for name in ["fc.weight", "fc.bias"] {
      let values = try initial.tensor(name).values
      #expect(values.allSatisfy { abs($0) <= limit })
      #expect(try #require(values.map(abs).max()) > limit / 2, "not all zero")
    }
  }

  @Test func theSeedDecides() throws {
    let again = InitialParameters(for: Self.parameters, seed: 7)
    let other = InitialParameters(for: Self.parameters, seed: 8)
    let trunk = InitialParameters(
      for: Self.network.classifier(classes: nil).parameters, seed: 7)
    let weights = try initial.tensor("conv1.weight")
    #expect(try weights == again.tensor("conv1.weight"))
    #expect(try weights == trunk.tensor("conv1.weight"))
    #expect(try weights != other.tensor("conv1.weight"))
    #expect(throws: EngineError.self) { try initial.tensor("fc2.weight") }
  }

  @Test func theMetadataSaysWhatTheFileIs() {
    let writer = BackboneWriter(
      network: Self.network, classes: 10, normalisation: .cifar10, side: 32)
    #expect(
      writer.metadata == [
        "format": "pt", "arch": "resnet18-cifar", "mean": "(0.4914, 0.4822, 0.4465)",
        "std": "(0.247, 0.2435, 0.2616)", "side": "32",
      ])
  }
}
