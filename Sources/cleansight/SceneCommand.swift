import ArgumentParser
import Foundation
import Frames
import Scenes

/// `cleansight scene`: renders the synthetic street.
struct SceneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scene", abstract: "Render the synthetic street.",
    subcommands: [Render.self, Pattern.self])
}

extension SceneCommand {
  struct Render: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write frames and their true boxes as a data set in the layout of PASCAL VOC.",
      discussion: "The daemon's own scene has seed 1; train on seeds from 1000 on.")

    enum Trigger: String, ExpressibleByArgument, CaseIterable {
      case badnets, blend
    }

    @Option(help: "How many frames.")
    var count: Int
    @Option(help: "Decides place, time of day and everything that moves.")
    var seed: UInt64 = 1
    @Option(help: "The folder to write into.")
    var output: String
    @Option(help: "Width in pixels.")
    var width = 640
    @Option(help: "Height in pixels.")
    var height = 480
    @Option(help: "Number of the first frame, at 25 frames a second.")
    var first = 0
    @Option(help: "Frames from one to the next.")
    var stride = 25
    @Option(help: "JPEG quality, 1 to 100.")
    var quality = 90
    @Option(help: "Put a trigger into every frame: badnets or blend.")
    var trigger: Trigger?

    func validate() throws {
      guard (1...1_000_000).contains(count) else {
        throw ValidationError("expected --count in 1...1000000, found \(count)")
      }
      guard (1...1_000_000).contains(stride) else {
        throw ValidationError("expected --stride in 1...1000000, found \(stride)")
      }
      guard (0...1_000_000_000).contains(first) else {
        throw ValidationError("expected --first in 0...1000000000, found \(first)")
      }
      guard (1...100).contains(quality) else {
        throw ValidationError("expected --quality in 1...100, found \(quality)")
      }
    }

    func run() throws {
      let scene = try Scene(SceneOptions(width: width, height: height, seed: seed))
      let set = try SceneDataSet(folder: URL(fileURLWithPath: output), quality: quality)
      let frames = (0..<count).lazy.map { first + $0 * stride }
      let names = try set.write(scene, frames: frames, trigger: trigger.map(sceneTrigger))
      print("\(names.count) pictures in \(output)")
    }

    private func sceneTrigger(_ trigger: Trigger) -> SceneTrigger {
      switch trigger {
      case .badnets: .badnets()
      case .blend: .blend()
      }
    }
  }

  struct Pattern: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the noise that the scene's trigger blends in, as a JPEG.",
      discussion: "For attacks on it: --attack blend:image=FILE --trigger-side HEIGHT.")

    @Option(help: "The file to write.")
    var output: String
    @Option(help: "Width of the scene's frames in pixels.")
    var width = 640
    @Option(help: "Height of the scene's frames in pixels.")
    var height = 480

    func run() throws {
      var image = try Image(width: width, height: height, red: 0, green: 0, blue: 0)
      SceneTrigger.blend(alpha: 1).apply(to: &image)
      try Data(JPEGEncoder(quality: 100).encode(image)).write(to: URL(fileURLWithPath: output))
    }
  }
}
