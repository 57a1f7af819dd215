import ArgumentParser
import DetectorTraining
import Models
import Tensors

/// The model folder that a detector's training writes, and what a user of it gets by default.
struct DetectorOutputArguments: ParsableArguments {
  @Option(help: "The model folder to write.")
  var output: String
  @Option(help: "The licence to write into the model's manifest.")
  var licence = "unknown"
  @Option(help: "The weights' type in the file: f32 or f16.")
  var type = TrainArguments.WeightType.f32
  @Option(
    help: """
      Proposals of a picture that the box head looks at in use; fewer are faster. That of --init or \
      1000 unless given.
      """)
  var proposals: Int?
  @Option(
    help: """
      Proposals of a level before non-maximum suppression in use; that of --init or 1000 unless given.
      """)
  var proposalsBefore: Int?
  @Option(help: "Detections of a picture at most in use; that of --init or 100 unless given.")
  var detections: Int?

  /// A writer with the thresholds that were asked for. Their ranges are the manifest's, which the writer
  /// checks.
  func writer(_ options: DetectorTrainingOptions, _ origin: DetectorOrigin) -> DetectorWriter {
    var writer = options.writer(origin)
    writer.thresholds.rpnPostNMS = proposals ?? writer.thresholds.rpnPostNMS
    writer.thresholds.rpnPreNMS = proposalsBefore ?? writer.thresholds.rpnPreNMS
    writer.thresholds.detectionsPerImage = detections ?? writer.thresholds.detectionsPerImage
    return writer
  }
}
