import Foundation

/// Where things are found and kept where the configuration does not say.
public struct Locations: Sendable, Equatable {
  /// The environment read.
  public var environment: [String: String]
  /// The folder of the running program.
  public var programFolder: String
  /// The working directory.
  public var workingFolder: String

  /// Locations for a program; tests give their own.
  public init(environment: [String: String], programFolder: String, workingFolder: String) {
    self.environment = environment
    self.programFolder = programFolder
    self.workingFolder = workingFolder
  }

  /// Those of this process.
  public static var current: Locations {
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments.first ?? ""
    return Locations(
      environment: ProcessInfo.processInfo.environment,
      programFolder: (program as NSString).deletingLastPathComponent,
      workingFolder: FileManager.default.currentDirectoryPath)
  }

  /// The state directory: the setting, systemd's, the user's (XDG), or `/var/lib/cleansight`.
  public func stateDirectory(_ settings: Settings) -> String {
    if let path = settings.stateDirectory { return path }
    // systemd may give several, separated by colons; the first is ours.
    if let path = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
      return String(path)
    }
    if let path = environment["XDG_STATE_HOME"], path.hasPrefix("/") {
      return path + "/cleansight"
    }
    if let home = environment["HOME"], home.hasPrefix("/"), home != "/" {
      return home + "/.local/state/cleansight"
    }
    return "/var/lib/cleansight"
  }

  /// The local socket: the setting, in systemd's runtime directory, or in the state directory.
  public func socket(_ settings: Settings) -> String {
    if let path = settings.socket { return path }
    if let folder = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first {
      return folder + "/cleansight.sock"
    }
    return stateDirectory(settings) + "/cleansight.sock"
  }

  /// The sockets at which a daemon may be found, the system's service first.
  public func socketCandidates(_ settings: Settings) -> [String] {
    if let path = settings.socket { return [path] }
    var candidates = ["/run/cleansight/cleansight.sock"]
    let own = socket(settings)
    if !candidates.contains(own) { candidates.append(own) }
    return candidates
  }

  /// The folders that may hold the delivered model, in the order in which they are tried: beside
  /// the program, in the prefix's share, and in a checkout above the program or working folder.
  public var modelCandidates: [String] {
    var folders = [
      programFolder + "/models/default",
      (programFolder as NSString).deletingLastPathComponent + "/share/cleansight/models/default",
    ]
    for start in [programFolder, workingFolder] {
      var folder = start
      while folder.count > 1 {
        if FileManager.default.fileExists(atPath: folder + "/Package.swift") {
          folders.append(folder + "/models/default")
          break
        }
        folder = (folder as NSString).deletingLastPathComponent
      }
    }
    return folders
  }

  /// The model's folder: the setting, or the first candidate with a `model.json`.
  /// - Throws: `SettingsError` where there is none.
  public func model(_ settings: Settings) throws -> String {
    if let path = settings.model { return path }
    for folder in modelCandidates
    where FileManager.default.fileExists(atPath: folder + "/model.json") {
      return folder
    }
    throw SettingsError(
      place: "model", expected: "a folder with a model.json (option --model)",
      found: "none in \(modelCandidates.joined(separator: ", "))")
  }
}
