import Foundation

/// What a detector's training was given, what it did and what came of it: `report.json` and
/// `report.html`.
public struct DetectorTrainingReport: Report, Equatable {
  /// The version of the JSON that this program writes.
  public static let schemaVersion = 1
  /// Steps that are kept; of longer trainings the means of so many stretches are.
  public static let maximumSteps = 1000

  /// The version of the JSON.
  public var schemaVersion: Int
  /// The program and its version.
  public var program: String
  /// When it started, ISO 8601.
  public var startedAt: String
  /// The detector.
  public var model: Model
  /// What the command was told, and its defaults, by name.
  public var settings: [String: SettingValue]
  /// The pictures it learnt from.
  public var data: DataSet
  /// How long each part took, in order.
  public var stages: [ReportStage]
  /// Mean seconds of a step; absent where none was made.
  public var secondsPerStep: Double?
  /// What was held in memory.
  public var memory: Memory
  /// The means of each epoch, as far as this run made it; the rate is that of its last step.
  public var epochs: [ReportStep]
  /// What each step measured, or the means of stretches of steps.
  public var steps: [ReportStep]
  /// The trained detector on other pictures; absent where there were none.
  public var validation: Validation?
  /// Pictures that are shown on the page, by name.
  public var examples: Examples
  /// Sentences for the reader, such as warnings.
  public var notes: [String]

  /// A report from its parts; of more than `maximumSteps` steps it keeps the means.
  public init(
    program: String, startedAt: String, model: Model, settings: [String: SettingValue],
    data: DataSet, stages: [ReportStage] = [], secondsPerStep: Double? = nil, memory: Memory,
    epochs: [ReportStep], steps: [ReportStep], validation: Validation? = nil,
    examples: Examples = Examples(), notes: [String] = []
  ) {
    schemaVersion = Self.schemaVersion
    self.program = program
    self.startedAt = startedAt
    self.model = model
    self.settings = settings
    self.data = data
    self.stages = stages
    self.secondsPerStep = secondsPerStep
    self.memory = memory
    self.epochs = epochs
    self.steps = steps.means(atMost: Self.maximumSteps)
    self.validation = validation
    self.examples = examples
    self.notes = notes
  }

  /// Pictures for the page, with boxes drawn on them.
  public struct Drawings: Sendable {
    /// Pictures of the training as it changed them, with their true boxes.
    public var augmented: [HTMLReport.Picture]
    /// Pictures with true boxes beside what the trained detector finds.
    public var detected: [HTMLReport.Picture]

    /// Drawings; none unless given.
    public init(
      augmented: [HTMLReport.Picture] = [], detected: [HTMLReport.Picture] = []
    ) {
      self.augmented = augmented
      self.detected = detected
    }
  }

  /// Writes `report.json` and `report.html` into a folder that exists. Each file is whole or as it
  /// was.
  /// - Throws: what the file system says.
  public func write(to folder: URL, drawings: Drawings = Drawings()) throws {
    try write(to: folder, page: page(drawings))
  }
}
