import Foundation
import Frames
import Models
import Networks
import Tensors

/// A folder with drawn JPEGs and a backbone of random parameters, removed with the last reference.
final class TemporaryPictures {
  private let folder: URL

  init(count: Int) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("purification-\(UUID().uuidString)")
    let images = folder.appendingPathComponent("images")
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    var random = SeededRandom(3)
    for index in 0..<count {
      var image = try Image(width: 32, height: 32)
      let tint = (0..<3).map { _ in random.uniform() * 200 }
      for place in image.pixels.indices {
        let wave = Float((place / 3 + index * 7) % (5 + index)) / Float(5 + index)
        image.pixels[place] = UInt8(min(255, tint[place % 3] + wave * 55))
      }
      let bytes = try JPEGEncoder().encode(image)
      try Data(bytes).write(to: images.appendingPathComponent("\(index).jpg"))
    }
    let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: 10)
    let parameters = RandomParameters(for: graph.parameters)
    try SafetensorsWriter.write(
      graph.parameters.map { .init(name: $0.name, tensor: try parameters.tensor($0.name)) },
      to: backbone, metadata: ["format": "pt"])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var images: String { path("images") }
  var backbone: String { path("backbone.safetensors") }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}
