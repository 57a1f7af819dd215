import DataSets
import Engine
import Foundation
import Models
import Purification
import SmallDetectors

@testable import DetectorPurification

/// A small detector with frames, and purifications of it.
final class DetectorMaterial {
  private let detector: SmallDetector
  var bundle: ModelBundle { detector.bundle }
  var folder: URL { detector.folder }

  init(pictures: Int = 6, scale: Float = 1) throws {
    detector = try SmallDetector(
      pictures: (0..<pictures).map { index in
        index % 2 == 0
          ? try SmallDetector.picture(index)
          : try SmallDetector.picture(index, width: 70, height: 80)
      }, scale: scale)
  }

  /// A place in the folder.
  func path(_ name: String) -> String { detector.path(name) }

  func frames(minimumCount: Int = 2) throws -> FrameSet {
    try FrameSet(ImageFolder(path("frames")), width: 96, height: 64, minimumCount: minimumCount)
  }

  /// A few steps.
  static var options: PurificationOptions {
    var options = PurificationOptions.detector
    options.batch = 2
    options.pgdSteps = 3
    options.restartEvery = 2
    options.epochs = 4
    return options
  }

  func purifier(
    _ options: PurificationOptions = DetectorMaterial.options, threads: Int = 2
  ) throws -> DetectorPurifier {
    try DetectorPurifier(
      bundle, frames: frames(), engine: Engine(EngineOptions(precision: .f32, threads: threads)),
      options: options)
  }
}
