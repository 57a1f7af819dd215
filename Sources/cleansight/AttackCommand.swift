import ArgumentParser
import Attacks
import DataSets
import Foundation
import Frames

/// `cleansight attack`: puts triggers into pictures, to try out what a model does with them.
struct AttackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack", abstract: "Put triggers into pictures, and backdoors into detectors.",
    subcommands: [Apply.self, Implant.self])
}

extension AttackCommand {
  struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the pictures of a folder with a trigger in them.",
      discussion: """
        Pictures keep their names below the new folder; overview.jpg there shows some of them, clean \
        above triggered. Attacks: badnets, blend, sig, wanet, cla; an unknown option is answered with \
        those that there are. Example: badnets:size=3,place=topLeft

        JPEG blurs colours, so a faint trigger loses some of its strength in the file. Experiments \
        apply it after decoding instead.
        """)

    /// Beside the pictures in the new folder.
    static let overview = "overview.jpg"

    @Option(help: "The attack, such as badnets or blend:alpha=0.2,seed=7.") var attack: String
    @Option(help: "The folder of JPEGs.") var images: String
    @Option(help: "The folder to write into: empty, or none yet.") var output: String
    @Option(help: "So many pictures, chosen by the attack's seed; without it all.") var count: Int?
    @Option(help: "Make the pictures squares of this side first.") var size: Int?
    @Option(help: "JPEG quality, 1 to 100.") var quality = 95

    func validate() throws {
      guard count ?? 1 >= 1 else {
        throw ValidationError("Expected --count of at least 1, found \(count ?? 0).")
      }
      guard (1...ImageSet.maximumSize).contains(size ?? 1) else {
        throw ValidationError(
          "Expected --size from 1 to \(ImageSet.maximumSize), found \(size ?? 0).")
      }
      guard (1...100).contains(quality) else {
        throw ValidationError("Expected --quality from 1 to 100, found \(quality).")
      }
    }

    func run() throws {
      let specification = try AttackSpecification(attack)
      var folder = try ImageFolder(images)
      if let count {
        folder = try folder.sample(count: min(count, folder.count), seed: specification.seed)
      }
      // Also where the file system does not tell capitals from small letters.
      if let name = folder.files.map(\.name).first(where: { $0.lowercased() == Self.overview }) {
        throw ValidationError("Expected no picture with the name of the overview, found \(name).")
      }
      let target = try emptyFolder()
      var writer = TriggeredPictures(
        specification: specification, folder: target, size: size, quality: quality)
      var skipped = folder.skipped
      for file in folder.files {
        do {
          try writer.write(file, from: folder)
        } catch let error where Self.concernsOnePicture(error) {
          skipped.add(name: file.name, reason: "\(error)")
        }
      }
      guard writer.count > 0 else {
        throw ValidationError("Expected pictures in \(images) that can be used; \(skipped).")
      }
      try writer.writeOverview(Self.overview)
      print("\(specification)")
      print("\(writer.count) pictures in \(output), \(skipped)")
    }

    /// Broken, gone, too small for the trigger, or too narrow to become a square: the others may do.
    private static func concernsOnePicture(_ error: any Error) -> Bool {
      error is JPEGError || error is DataSetError || error is TriggerError || error is ImageError
    }

    /// Makes the new folder.
    private func emptyFolder() throws -> URL {
      let manager = FileManager.default
      let folder = URL(fileURLWithPath: output, isDirectory: true)
      if manager.fileExists(atPath: output) {
        guard try manager.contentsOfDirectory(atPath: output).isEmpty else {
          throw ValidationError("Expected an empty folder for --output, found files in \(output).")
        }
      }
      try manager.createDirectory(at: folder, withIntermediateDirectories: true)
      return folder
    }
  }
}

/// Writes pictures with a trigger and keeps some for the overview.
private struct TriggeredPictures {
  let specification: AttackSpecification
  let folder: URL
  let size: Int?
  let quality: Int
  private(set) var count = 0
  private var pairs: [(clean: FloatImage, triggered: FloatImage)] = []
  /// A trigger for each size of pictures that came last: noise is costly to draw.
  private var trigger: (width: Int, height: Int, trigger: any Trigger)?

  init(specification: AttackSpecification, folder: URL, size: Int?, quality: Int) {
    self.specification = specification
    self.folder = folder
    self.size = size
    self.quality = quality
  }

  mutating func write(_ file: ImageFile, from source: ImageFolder) throws {
    let image = try source.image(file)
    let clean = try size.map { try image.square($0) } ?? FloatImage(image)
    let triggered = try trigger(for: clean).apply(to: clean)
    let place = folder.appendingPathComponent(file.name)
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    let bytes = try JPEGEncoder(quality: quality).encode(try triggered.image())
    try Data(bytes).write(to: place)
    count += 1
    if pairs.count < 16 { pairs.append((clean, triggered)) }
  }

  func writeOverview(_ name: String) throws {
    let sheet = try ContactSheet(side: 128).draw(pairs)
    try Data(try JPEGEncoder(quality: 95).encode(sheet))
      .write(to: folder.appendingPathComponent(name))
  }

  private mutating func trigger(for image: FloatImage) throws -> any Trigger {
    if let trigger, trigger.width == image.width, trigger.height == image.height {
      return trigger.trigger
    }
    let made = try specification.trigger(width: image.width, height: image.height)
    trigger = (image.width, image.height, made)
    return made
  }
}
