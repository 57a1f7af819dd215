import Detection
import Foundation
import Frames
import Models
import Testing

@testable import Gate

/// A detector whose answer is a function of the frame's number (which is the frame's width less 64),
/// of whether a trigger lies on it, and of the picture.
final class ScriptedDetector: ObjectDetector {
  typealias Answer = (_ frame: Int, _ isTriggered: Bool, _ image: Image) throws -> [Detection]

  static let classNames = ["person", "car", "bus", "train", "cat"]
  let classes: [String]
  private(set) var calls = 0
  private let answer: Answer

  init(classes: [String] = ScriptedDetector.classNames, _ answer: @escaping Answer) {
    self.classes = classes
    self.answer = answer
  }

  func detect(_ image: Image) throws -> DetectionResult {
    calls += 1
    let frame = image.width - 64
    let isTriggered = try image != ScriptedDetector.frame(frame)
    return DetectionResult(detections: try answer(frame, isTriggered, image), stages: [])
  }

  private static let drawn = Result<[Image], any Error> { try (0..<64).map(draw) }

  /// A frame with a number below 64.
  static func frame(_ index: Int) throws -> Image { try drawn.get()[index] }

  private static func draw(_ index: Int) throws -> Image {
    let (width, height) = (64 + index, 72)
    let pixels = (0..<(width * height)).flatMap { pixel in
      let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
      return [UInt8(60 + (row * 7 + index) % 90), UInt8(40 + column * 5 % 110), UInt8(120)]
    }
    return try Image(width: width, height: height, pixels: pixels)
  }

  static func frames(_ count: Int) throws -> GateFrames {
    try GateFrames((0..<count).map(frame))
  }

  /// What all scripts begin with: a person, a car and a cat, apart from each other.
  static func three(_ frame: Int) -> [Detection] {
    let shift = Float(frame % 5)
    return [
      detection("person", 2 + shift, 4, 20, 0.9), detection("car", 30 + shift, 6, 24, 0.8),
      detection("cat", 10 + shift, 40, 22, 0.7),
    ]
  }
}

/// A square.
func detection(
  _ label: String, _ x: Float, _ y: Float, _ side: Float, _ score: Float
) -> Detection {
  Detection(
    box: Box(x1: x, y1: y, x2: x + side, y2: y + side),
    classIndex: ScriptedDetector.classNames.firstIndex(of: label) ?? 0, label: label, score: score)
}

/// The model that is delivered, and damaged copies of it.
enum DefaultModel {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "models/default")

  /// The model, opened once: hashing it takes longer than most tests.
  static let shared = Result<ModelBundle, any Error> { try ModelBundle(directory: folder.path) }

  static func bundle() throws -> ModelBundle { try shared.get() }

  /// A copy with another manifest.
  static func copy(changing change: (inout ModelManifest) -> Void) throws -> TemporaryModel {
    try copy(change) { _, _ in }
  }

  /// A copy with other weights: the file's bytes, and where those of a parameter lie in it.
  static func copy(
    damaging damage: (_ bytes: inout [UInt8], _ range: (String) throws -> Range<Int>) throws -> Void
  ) throws -> TemporaryModel {
    try copy({ _ in }, damage)
  }

  private static func copy(
    _ change: (inout ModelManifest) -> Void,
    _ damage: (inout [UInt8], (String) throws -> Range<Int>) throws -> Void
  ) throws -> TemporaryModel {
    let bundle = try bundle()
    var manifest = bundle.manifest
    let file = try #require(manifest.files.first)
    var bytes = [UInt8](try Data(contentsOf: folder.appending(path: file.path)))
    // Ranges count from the end of the header, whose length comes first.
    let header = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    try damage(&bytes) { name in
      let range = try #require(bundle.weights.entry(name)).range
      return (range.lowerBound + header)..<(range.upperBound + header)
    }
    manifest.files = [
      ModelFile(path: file.path, sha256: SHA256Digest.hex(of: bytes), bytes: bytes.count)
    ]
    change(&manifest)
    return try TemporaryModel(manifest, bytes)
  }
}

/// A model folder that goes with the value that owns it.
final class TemporaryModel {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "gate-\(UUID())")

  init(_ manifest: ModelManifest, _ weights: [UInt8]) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = try #require(manifest.files.first)
    try Data(weights).write(to: folder.appending(path: file.path))
    try Data(manifest.json.utf8).write(to: folder.appending(path: ModelManifest.fileName))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func bundle() throws -> ModelBundle { try ModelBundle(directory: folder.path) }
}
