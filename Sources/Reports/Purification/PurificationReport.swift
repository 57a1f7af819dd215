import Evidence
import Foundation
import Measurement

/// What a purification was given, what it did and what came of it: `report.json` and `report.html`.
///
/// Nothing in it comes from labels but `measured`, which is there only where somebody had them.
public struct PurificationReport: Report, Equatable {
  /// The version of the JSON that this program writes.
  public static let schemaVersion = 1

  /// The version of the JSON.
  public var schemaVersion: Int
  /// The program and its version.
  public var program: String
  /// When it started, ISO 8601.
  public var startedAt: String
  /// The backbone.
  public var model: Model
  /// What the command was told, and its defaults, by name.
  public var settings: [String: SettingValue]
  /// The pictures it learnt from.
  public var data: DataSet
  /// How long each part took, in order.
  public var stages: [Stage]
  /// The distance by which perturbations shared by all pictures moved the embeddings, at each step of
  /// their search; absent where there was none.
  public var searched: [Double]?
  /// The loss of each step of the projection head; absent where there is none.
  public var projection: [Double]?
  /// What each step of training measured.
  public var steps: [Step]
  /// Label-free evidence; absent where it was not gathered.
  public var evidence: EvidenceComparison?
  /// ACC, ASR and PA by somebody who had labels and the trigger; empty otherwise.
  public var measured: [Measured]
  /// Embeddings laid out on a plane; absent where they were not.
  public var embeddings: EmbeddingPicture?
  /// Sentences for the reader, such as warnings.
  public var notes: [String]

  /// A report from its parts.
  public init(
    program: String, startedAt: String, model: Model, settings: [String: SettingValue],
    data: DataSet, stages: [Stage] = [], searched: [Double]? = nil,
    projection: [Double]? = nil, steps: [Step] = [],
    evidence: EvidenceComparison? = nil, measured: [Measured] = [],
    embeddings: EmbeddingPicture? = nil, notes: [String] = []
  ) {
    schemaVersion = Self.schemaVersion
    self.program = program
    self.startedAt = startedAt
    self.model = model
    self.settings = settings
    self.data = data
    self.stages = stages
    self.searched = searched
    self.projection = projection
    self.steps = steps
    self.evidence = evidence
    self.measured = measured
    self.embeddings = embeddings
    self.notes = notes
  }

  /// Seconds of all stages together.
  public var totalSeconds: Double { stages.totalSeconds }

  /// Writes `report.json` and `report.html` into a folder that exists. Each file is whole or as it
  /// was.
  /// - Throws: what the file system says.
  public func write(to folder: URL, pictures: [HTMLReport.Picture] = []) throws {
    try write(to: folder, page: page(pictures: pictures))
  }
}
