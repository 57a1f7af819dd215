import ArgumentParser
import DataSets
import Detection
import DetectorPurification
import DetectorTraining
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
    guard case .fasterRCNN(let architecture) = bundle.manifest.architecture,
      case .shorterSide(let minSize, let maxSize) = bundle.manifest.input
    else {
      throw ValidationError("expected a detector in \(model), found a classifier")
    }
    var writer = DetectorWriter(
      architecture: architecture, classes: bundle.manifest.classes, minSize: minSize,
      maxSize: maxSize, normalisation: bundle.manifest.normalisation)
    if let thresholds = bundle.manifest.thresholds { writer.thresholds = thresholds }
    try writer.check(output, licence: bundle.manifest.licence)
    try checkCheckpoint()
    var folder = try ImageFolder(images)
    if options.fraction < 1 {
      folder = try folder.sample(fraction: options.fraction, seed: options.seed)
    }
    // Frames of cameras are wider than high.
    let canvas = DetectionOptions.paddedSize(of: PixelSize(width: maxSize, height: minSize))
    let frames = try FrameSet(
      folder, width: canvas.width, height: canvas.height, minimumCount: options.batch,
      threads: engine.threads)
    if frames.skipped.count > 0 { note("left out: \(frames.skipped)") }
    let purifier = try DetectorPurifier(
      bundle, frames: frames, engine: Engine(engine.options), options: options)
    let result = try interruptible(
      { isCancelled, progress in
        try purifier.run(
          checkpoint: checkpoint, resumes: resume, isCancelled: isCancelled, progress: progress)
      },
      onStop: { PurificationError.cancelled(epoch: $0).description + " in \(checkpoint)" })
    let account =
      bundle.manifest.provenance.description
      + " Purified by CBD \(options.preset), \(result.losses.count) steps of \(options.batch) "
      + "frames, seed \(options.seed)."
    try writer.write(
      to: output, name: nil, description: account, licence: bundle.manifest.licence,
      type: { bundle.weights.entry($0)?.type ?? .f32 }
    ) { try purifier.parameter($0) ?? bundle.tensor($0) }
    try? FileManager.default.removeItem(atPath: checkpoint)
    print(
      "\(output): \(result.losses.count) steps on \(result.frames) frames in "
        + ProgressLine.time(result.seconds)
        + (result.prunedChannels > 0 ? ", \(result.prunedChannels) channels switched off" : ""))
  }
}
