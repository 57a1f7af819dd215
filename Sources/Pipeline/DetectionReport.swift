import Detection
import Foundation
import Frames
import Sifting

/// The detections of one picture as they are published in JSON: by HTTP, in the event stream and by
/// `cleansight detect`. Encoded by `JSONEncoder.published`, keys are in snake_case and carry their
/// unit.
public struct DetectionReport: Sendable, Equatable, Codable {
  /// One detection.
  public struct Item: Sendable, Equatable, Codable {
    /// The class's name.
    public var label: String
    /// Index into the model's classes.
    public var classIndex: Int
    /// Confidence, `0...1`.
    public var score: Float
    /// Left, top, right, bottom in pixels of the picture.
    public var box: [Float]
  }

  /// The duration of a stage.
  public struct Stage: Sendable, Equatable, Codable {
    /// The stage's name.
    public var stage: String
    /// Its duration in milliseconds.
    public var ms: Double
  }

  /// What a second model found in the same frame.
  public struct Beside: Sendable, Equatable, Codable {
    /// The model's name.
    public var model: String
    /// Its detections, best first.
    public var detections: [Item]
    /// Its average precision over the last frames, where the truth is known.
    public var accuracy: LiveAccuracy.Summary?
  }

  /// The camera; absent for a picture that a client sent.
  public var camera: String?
  /// The picture's file; present for those of `cleansight detect` only.
  public var file: String?
  /// Counts the camera's frames.
  public var sequence: UInt64?
  /// When it was captured, ISO 8601 with milliseconds.
  public var time: String?
  /// Size of the picture in pixels.
  public var width, height: Int
  /// The model's name.
  public var model: String
  /// Milliseconds from capture to publication.
  public var latencyMs: Double?
  /// Stages in their order.
  public var stages: [Stage]
  /// The detections, best first.
  public var detections: [Item]
  /// Whether a trigger is in view, where the camera is a rendered scene.
  public var trigger: Bool?
  /// Average precision over the last frames, where the truth is known.
  public var accuracy: LiveAccuracy.Summary?
  /// What a second model found, where one is compared with.
  public var beside: Beside?
  /// Whether the guard takes the camera for clean or suspect; absent until it has looked.
  public var `guard`: GuardVerdict?

  /// The report of a camera's frame.
  public init(_ result: FrameResult) {
    camera = result.frame.camera
    sequence = result.frame.sequence
    time = result.frame.date.formatted(.iso8601Milliseconds)
    width = result.frame.image.width
    height = result.frame.image.height
    model = result.model
    latencyMs = Self.rounded(result.latency * 1000)
    stages = Self.stages(result.stages)
    detections = Self.items(result.detections)
    trigger = result.frame.hasTrigger
    accuracy = result.accuracy
    self.guard = result.verdict.map {
      GuardVerdict(state: $0.state, score: Self.rounded($0.score), reason: $0.reason)
    }
    beside = result.beside.map {
      Beside(model: $0.model, detections: Self.items($0.detections), accuracy: $0.accuracy)
    }
  }

  /// The report of a picture that did not come from a camera.
  public init(
    width: Int, height: Int, detections: [Detection], stages: [StageTime], model: String,
    file: String? = nil
  ) {
    self.width = width
    self.height = height
    self.model = model
    self.file = file
    self.stages = Self.stages(stages)
    self.detections = Self.items(detections)
  }

  private static func stages(_ stages: [StageTime]) -> [Stage] {
    stages.map { Stage(stage: $0.stage, ms: rounded($0.seconds * 1000)) }
  }

  private static func items(_ detections: [Detection]) -> [Item] {
    detections.map {
      Item(
        label: $0.label, classIndex: $0.classIndex, score: $0.score,
        box: [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2])
    }
  }

  private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

extension FormatStyle where Self == Date.ISO8601FormatStyle {
  /// `2026-11-21T10:18:00.123Z`.
  public static var iso8601Milliseconds: Date.ISO8601FormatStyle {
    Date.ISO8601FormatStyle(includingFractionalSeconds: true)
  }
}

extension JSONEncoder {
  /// The encoder of everything that is published: snake_case, sorted keys, slashes as they are.
  public static var published: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

extension JSONDecoder {
  /// The decoder of what `JSONEncoder.published` wrote.
  public static var published: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
