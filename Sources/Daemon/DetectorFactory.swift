import Detection
import Engine
import Foundation
import Models
import Pipeline
import Settings

/// From a model's folder and the settings to a detector: the one place that knows both.
public enum DetectorFactory {
  /// Reads and checks a model; the detector itself is made later, on the thread that uses it.
  /// - Throws: `ModelError` and others that say what of the folder is wrong.
  public static func prepare(folder: String, engine: EngineSettings) throws -> PreparedDetector {
    let bundle = try ModelBundle(directory: folder)
    return PreparedDetector(name: bundle.manifest.name) {
      let detector = try FasterRCNN(bundle: bundle, options: options(engine))
      return (detector, describe(detector.engine))
    }
  }

  /// What distinguishes one detector from another: after a reload with the same, the old goes on.
  static func identity(folder: String, engine: EngineSettings) -> String {
    // The manifest holds the hashes of the other files.
    let manifest = FileManager.default.contents(atPath: folder + "/" + ModelManifest.fileName)
    return "\(folder) \(manifest?.hashValue ?? 0) \(engine)"
  }

  /// How the engine is asked to compute.
  public static func options(_ settings: EngineSettings) -> EngineOptions {
    EngineOptions(
      backend: BackendName(rawValue: settings.backend.rawValue),
      precision: Precision(rawValue: settings.precision.rawValue), threads: settings.threads)
  }

  private static func describe(_ engine: Engine) -> String {
    let threads = engine.threads == 1 ? "1 thread" : "\(engine.threads) threads"
    return "\(engine.backend.rawValue) \(engine.precision.rawValue), \(threads)"
  }
}
