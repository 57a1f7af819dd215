import ArgumentParser
import Daemon
import Foundation
import Settings

@main
struct CleanSightDaemon: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleansightd",
    abstract: "Watches cameras, finds things in their pictures and serves what it finds.",
    discussion: """
      Without options it shows a rendered scene at http://127.0.0.1:8080/. Every option of the \
      configuration file is explained in cleansight.yaml. SIGHUP reloads it.
      """,
    version: Daemon.version)

  @Option(help: "The configuration file.") var config: String?
  @Option(
    help: """
      A camera's address, such as v4l2:/dev/video0, mjpeg:http://host/video, images:/folder or \
      synthetic:. May be repeated; replaces the file's cameras.
      """)
  var camera: [String] = []
  @Option(help: "Where HTTP listens, HOST:PORT.") var listen: String?
  @Option(help: "The model's folder.") var model: String?
  @Option(help: "The folder of a model whose detections are shown beside the first one's.")
  var compare: String?
  @Option(help: "Where state is kept.") var stateDirectory: String?
  @Option(help: "auto, onednn or openblas.") var backend: String?
  @Option(help: "auto, f32 or bf16.") var precision: String?
  @Option(help: "Threads of the inference.") var threads: Int?
  @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?
  @Flag(help: "Check configuration and model, then end.") var checkConfig = false

  private var source: ConfigurationSource {
    var overrides = SettingsOverrides()
    overrides.cameras = camera
    overrides.listen = listen
    overrides.model = model
    overrides.compare = compare
    overrides.stateDirectory = stateDirectory
    overrides.backend = backend
    overrides.precision = precision
    overrides.threads = threads
    overrides.logLevel = logLevel
    return ConfigurationSource(file: config, overrides: overrides)
  }

  func run() async throws {
    let daemon = Daemon(source: source)
    guard checkConfig else { throw ExitCode(await daemon.run().rawValue) }
    do {
      try daemon.check()
      print("configuration and model are fine")
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      throw ExitCode(ExitStatus.configuration.rawValue)
    }
  }
}
