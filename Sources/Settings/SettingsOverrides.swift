/// What the command line says, over the configuration file.
public struct SettingsOverrides: Sendable, Equatable {
  /// `--camera`: addresses that replace the file's cameras.
  public var cameras: [String] = []
  /// `--listen`.
  public var listen: String?
  /// `--model`.
  public var model: String?
  /// `--compare`.
  public var compare: String?
  /// `--state-directory`.
  public var stateDirectory: String?
  /// `--backend`.
  public var backend: String?
  /// `--precision`.
  public var precision: String?
  /// `--threads`.
  public var threads: Int?
  /// `--log-level`.
  public var logLevel: String?

  /// No overrides.
  public init() {}
}

extension Settings {
  /// Applies the command line's options.
  /// - Throws: `SettingsError` with every option that is wrong.
  public func overridden(by overrides: SettingsOverrides) throws -> Settings {
    var settings = self
    var problems: [SettingsProblem] = []
    func problem(_ option: String, _ expected: String, _ found: String) {
      problems.append(.init(place: option, key: "", expected: expected, found: "\"\(found)\""))
    }
    func choice<Choice: RawRepresentable & CaseIterable>(
      _ option: String, _ text: String?, _ value: inout Choice
    ) where Choice.RawValue == String {
      guard let text else { return }
      guard let chosen = Choice(rawValue: text) else {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return problem(option, "one of \(names)", text)
      }
      value = chosen
    }

    if !overrides.cameras.isEmpty {
      settings.cameras = []
      for (index, address) in overrides.cameras.enumerated() {
        if !CameraSettings.isAddress(address) {
          problem("--camera", CameraSettings.addressRule, address)
        }
        let name = index == 0 ? "camera" : "camera-\(index + 1)"
        settings.cameras.append(CameraSettings(name: name, address: address))
      }
      if overrides.cameras.count > Self.maximumCameras {
        problem("--camera", "at most \(Self.maximumCameras) cameras", "\(overrides.cameras.count)")
      }
    }
    if let text = overrides.listen {
      if let address = ListenAddress(text) {
        settings.listen = address
      } else {
        problem("--listen", "HOST:PORT", text)
      }
    }
    if let text = overrides.model {
      settings.model = text.isEmpty ? nil : text
      if text.isEmpty { problem("--model", "a folder", text) }
    }
    if let text = overrides.compare {
      settings.compare = text.isEmpty ? nil : text
      if text.isEmpty { problem("--compare", "a folder", text) }
    }
    if let text = overrides.stateDirectory {
      settings.stateDirectory = text.isEmpty ? nil : text
      if text.isEmpty { problem("--state-directory", "a path", text) }
    }
    choice("--backend", overrides.backend, &settings.engine.backend)
    choice("--precision", overrides.precision, &settings.engine.precision)
    choice("--log-level", overrides.logLevel, &settings.logLevel)
    if let threads = overrides.threads {
      settings.engine.threads = threads
      if !(1...EngineSettings.maximumThreads).contains(threads) {
        problem(
          "--threads", "a whole number from 1 to \(EngineSettings.maximumThreads)", "\(threads)")
      }
    }
    guard problems.isEmpty else { throw SettingsError(problems) }
    return settings
  }
}
