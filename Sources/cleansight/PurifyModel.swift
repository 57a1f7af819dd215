import ArgumentParser
import DataSets
import Detection
import DetectorPurification
import Engine
import Foundation
import Laboratory
import Models
import Purification

extension PurifyCommand {
  /// Purifies the trunk of a detector.
  func purifyModel(_ model: String) throws {
    // All that can be wrong is found before any long work.
    if let option = arguments.ofBackbones(head: head) {
      throw ValidationError("expected \(option) with --backbone only, found it with --model")
    }
    let options = try arguments.options(.detector)
    try DetectorPurifier.check(options)
    let bundle = try ModelBundle(directory: model)
    guard case .fasterRCNN = bundle.manifest.architecture else {
      throw ValidationError("expected a detector in \(model), found a classifier")
    }
    let writer = try DetectorWriter(of: bundle)
    try writer.check(output, licence: bundle.manifest.licence)
    let trunk = bundle.manifest.architecture.expectedParameters.filter {
      MapPass.isOfTrunk($0.name)
    }
    let resumes = try checkCheckpoint(of: trunk, output: bundle.weights.byteCount)
    var folder = try ImageFolder(images)
    if options.fraction < 1 {
      folder = try folder.sample(fraction: options.fraction, seed: options.seed)
    }
    let canvas = try DetectionOptions.canvas(of: bundle.manifest)
    let frames = try FrameSet(
      folder, width: canvas.width, height: canvas.height, minimumCount: options.batch,
      threads: engine.threads)
    if frames.skipped.count > 0 { note("left out: \(frames.skipped)") }
    let purifier = try DetectorPurifier(
      bundle, frames: frames, engine: Engine(engine.options), options: options)
    let result = try interruptible(
      { isCancelled, progress in
        try purifier.run(
          checkpoint: checkpoint, resumes: resumes, isCancelled: isCancelled, progress: progress)
      },
      onStop: { PurificationError.cancelled(epoch: $0).description + " in \(checkpoint)" })
    try writer.write(
      to: output, changing: bundle,
      account: "Purified by CBD \(options.preset), \(result.losses.count) steps of "
        + "\(options.batch) frames, seed \(options.seed).", parameter: purifier.parameter)
    try? FileManager.default.removeItem(atPath: checkpoint)
    print(
      "\(output): \(result.losses.count) steps on \(result.frames) frames in "
        + ProgressLine.time(result.seconds)
        + (result.prunedChannels > 0 ? ", \(result.prunedChannels) channels switched off" : ""))
  }
}
