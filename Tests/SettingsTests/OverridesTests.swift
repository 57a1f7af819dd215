import Foundation
import Testing

@testable import Settings

@Suite struct OverridesTests {
  @Test func everyOptionOverrides() throws {
    var overrides = SettingsOverrides()
    overrides.cameras = ["v4l2:/dev/video0", "synthetic:"]
    overrides.listen = "0.0.0.0:80"
    overrides.model = "/m"
    overrides.compare = "/c"
    overrides.stateDirectory = "/s"
    overrides.backend = "openblas"
    overrides.precision = "f32"
    overrides.threads = 1
    overrides.logLevel = "error"
    let settings = try Settings().overridden(by: overrides)
    #expect(settings.cameras.map(\.address) == ["v4l2:/dev/video0", "synthetic:"])
    #expect(settings.cameras.map(\.name) == ["camera", "camera-2"])
    #expect(settings.listen == ListenAddress(host: "0.0.0.0", port: 80))
    #expect(settings.model == "/m")
    #expect(settings.compare == "/c")
    #expect(settings.stateDirectory == "/s")
    #expect(settings.engine.backend == .openblas)
    #expect(settings.engine.precision == .f32)
    #expect(settings.engine.threads == 1)
    #expect(settings.logLevel == .error)
  }

  @Test func nothingOverridesNothing() throws {
    #expect(try Settings().overridden(by: SettingsOverrides()) == Settings())
  }

  @Test func everyWrongOptionIsNamed() {
    var overrides = SettingsOverrides()
    overrides.cameras = ["/dev/video0"]
    overrides.listen = "x"
    overrides.backend = "cuda"
    overrides.threads = 0
    do {
      _ = try Settings().overridden(by: overrides)
      Issue.record("wrong options were accepted")
    } catch let error as SettingsError {
      #expect(error.problems.map(\.place) == ["--camera", "--listen", "--backend", "--threads"])
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1", 8080), ("8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0),
    ("localhost:65535", "localhost", 65535), ("0.0.0.0:1", "0.0.0.0", 1),
  ])
  func listenAddressReads(text: String, host: String, port: Int) {
    #expect(ListenAddress(text) == ListenAddress(host: host, port: port))
  }

  @Test(arguments: [
    "", ":80", "host", "host:", "host:65536", "::1:80", "[::1]", "a b:80", "h:+8", "[]:1",
  ])
  func listenAddressRefuses(text: String) {
    #expect(ListenAddress(text) == nil)
  }

  @Test func loopbackIsRecognised() {
    #expect(ListenAddress("127.0.0.1:1")?.isLoopback == true)
    #expect(ListenAddress("[::1]:1")?.isLoopback == true)
    #expect(ListenAddress("0.0.0.0:1")?.isLoopback == false)
    #expect(ListenAddress("127.example.com:1")?.isLoopback == false)
  }
}

@Suite struct LocationsTests {
  private func locations(_ environment: [String: String]) -> Locations {
    Locations(environment: environment, programFolder: "/opt/cs/bin", workingFolder: "/nowhere")
  }

  @Test func stateDirectoryFollowsItsOrder() {
    var settings = Settings()
    #expect(locations([:]).stateDirectory(settings) == "/var/lib/cleansight")
    #expect(
      locations(["HOME": "/home/a"]).stateDirectory(settings) == "/home/a/.local/state/cleansight")
    #expect(
      locations(["HOME": "/home/a", "XDG_STATE_HOME": "/x"]).stateDirectory(settings)
        == "/x/cleansight")
    #expect(
      locations(["XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/s:/t"]).stateDirectory(settings)
        == "/s")
    settings.stateDirectory = "/own"
    #expect(locations(["STATE_DIRECTORY": "/s"]).stateDirectory(settings) == "/own")
  }

  @Test func socketLiesInTheRuntimeDirectory() {
    #expect(locations(["STATE_DIRECTORY": "/s"]).socket(Settings()) == "/s/cleansight.sock")
    #expect(
      locations(["STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r"]).socket(Settings())
        == "/r/cleansight.sock")
  }

  @Test func modelIsFoundBesideTheProgramThenInShare() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    let program = root.appendingPathComponent("bin").path
    let share = root.appendingPathComponent("share/cleansight/models/default")
    let locations = Locations(environment: [:], programFolder: program, workingFolder: "/nowhere")
    #expect(throws: SettingsError.self) { try locations.model(Settings()) }
    try FileManager.default.createDirectory(at: share, withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: share.appendingPathComponent("model.json"))
    #expect(try locations.model(Settings()) == share.path)
    let beside = URL(fileURLWithPath: program).appendingPathComponent("models/default")
    try FileManager.default.createDirectory(at: beside, withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: beside.appendingPathComponent("model.json"))
    #expect(try locations.model(Settings()) == beside.path)
  }
}
