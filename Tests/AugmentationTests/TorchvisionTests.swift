import Frames
import Tensors
import Testing

@testable import Augmentation

@Suite struct TorchvisionTests {
  @Test func coloursChangeAsInTorchvision() throws {
    let vectors = try Vectors()
    let changes: [(String, (UnsafeMutableBufferPointer<Float>) -> Void)] = [
      ("brightness 1.3", { ColorOperations.brightness($0, factor: 1.3) }),
      ("contrast 0.6", { ColorOperations.contrast($0, factor: 0.6) }),
      ("contrast 1.4", { ColorOperations.contrast($0, factor: 1.4) }),
      ("saturation 0.7", { ColorOperations.saturation($0, factor: 0.7) }),
      ("saturation 1.4", { ColorOperations.saturation($0, factor: 1.4) }),
      ("hue -0.1", { ColorOperations.hue($0, shift: -0.1) }),
      ("hue 0.08", { ColorOperations.hue($0, shift: 0.08) }),
      ("gray", { ColorOperations.saturation($0, factor: 0) }),
    ]
    for (name, change) in changes {
      #expect(worst(try vectors.changed(change), try vectors(name)) < 3e-6, "\(name)")
    }
  }

  @Test(arguments: [(1, Float(0.7), "blur 3 0.7"), (3, Float(1.5), "blur 7 1.5")])
  func blursAsTorchvision(radius: Int, sigma: Float, name: String) throws {
    let vectors = try Vectors()
    var blur = GaussianBlur()
    let found = try vectors.changed {
      blur.apply($0, width: 12, height: 12, radius: radius, sigma: sigma)
    }
    #expect(worst(found, try vectors(name)) < 2e-6)
  }

  @Test func aWholeViewIsAsInTorchvision() throws {
    let vectors = try Vectors()
    let augmentation = try SimCLRAugmentation(outputSize: 12)
    var parameters = ViewParameters(window: PixelWindow(left: 1, top: 2, width: 9, height: 7))
    #expect(worst(try view(augmentation, vectors.image, parameters), try vectors("crop")) < 2e-6)

    parameters = ViewParameters(window: PixelWindow(left: 2, top: 3, width: 6, height: 8))
    parameters.isMirrored = true
    parameters.colors = InlineChanges(
      .hue(0.05), .brightness(0.8), .saturation(1.2), .contrast(1.3))
    parameters.sigma = 1.1
    #expect(augmentation.blurRadius == 1)
    #expect(worst(try view(augmentation, vectors.image, parameters), try vectors("view")) < 4e-6)
  }

  @Test func blurKernelsAreATenthOfTheSide() throws {
    let sizes = [32: 2, 96: 5, 224: 11]
    for (size, radius) in sizes {
      let augmentation = try SimCLRAugmentation(outputSize: size)
      #expect(augmentation.blurRadius == radius)
      #expect(augmentation.blurProbability == (size > 64 ? 0.5 : 0))
    }
  }

  private func view(
    _ augmentation: SimCLRAugmentation, _ image: Image, _ parameters: ViewParameters
  ) throws -> [Float] {
    var result = [Float](repeating: 0, count: augmentation.viewCount)
    var scratch = augmentation.makeScratch()
    try PixelSource.with(image) { picture in
      result.withUnsafeMutableBufferPointer {
        augmentation.write(viewOf: picture, parameters, into: $0, scratch: &scratch)
      }
    }
    return result
  }
}
