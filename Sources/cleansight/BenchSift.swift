import ArgumentParser
import DataSets
import Detection
import DetectorPurification
import Foundation
import Models
import Pipeline
import Sifting

extension BenchCommand {
  /// What the sieve says of each picture of a folder.
  struct Sift: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say of each frame how suspect it is of holding a trigger.",
      discussion: "Frames are taken for those of one camera. JSON: an object per frame.")

    @Option(help: "The model's folder.") var model: String
    @Option(help: "A folder of JPEGs.") var images: String
    @OptionGroup var engine: EngineArguments

    private struct Row: Encodable {
      var name: String
      var measures: FrameMeasures?
      var score: Double?
      var isKept: Bool
    }

    func run() throws {
      let bundle = try ModelBundle(directory: model)
      let canvas = try DetectionOptions.canvas(of: bundle.manifest)
      let frames = try FrameSet(
        ImageFolder(images), width: canvas.width, height: canvas.height, minimumCount: 1,
        threads: engine.threads)
      let options = SiftingOptions()
      let probe = try TriggerProbe(
        FasterRCNN(bundle: bundle, options: engine.options), options: options)
      let sieve = FrameSieve(probe, count: frames.count, frame: frames.frame)
      let started = ContinuousClock.now
      let measures = try sieve.measure()
      let seconds = (ContinuousClock.now - started).seconds
      let sifted = SiftedFrames(
        measures, cameras: .init(repeating: "", count: frames.count), options: options)
      let kept = Set(sifted.kept)
      let rows = frames.names.indices.map { index in
        Row(
          name: frames.names[index], measures: measures[index],
          score: sifted.scores[index].isFinite ? sifted.scores[index] : nil,
          isKept: kept.contains(index))
      }
      print(String(decoding: try JSONEncoder.published.encode(rows), as: UTF8.self))
      FileHandle.standardError.write(
        Data("\(figure(seconds / Double(max(frames.count, 1)), 3)) s a frame\n".utf8))
    }
  }
}
