import Foundation
import Testing

@testable import Settings

@Suite struct SettingsFileTests {
  private static var documentedFile: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("systemd/cleansight.yaml").path
  }

  private func problems(_ text: String) -> [String] {
    do {
      _ = try Settings.parse(text, file: "f.yaml")
      return []
    } catch let error as SettingsError {
      return error.problems.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  @Test func documentedFileHoldsTheDefaults() throws {
    #expect(try Settings.load(file: Self.documentedFile) == Settings())
  }

  /// Every key that is accepted stands in the documented file below a comment: removing one there
  /// must fail, so each key is looked for by its line.
  @Test func documentedFileNamesEveryKey() throws {
    let text = try String(contentsOfFile: Self.documentedFile, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    var keys: [String] = try listedKeys("nonsense: 1")
    for section in ["engine", "detection", "guard", "http", "refresh"] {
      keys += try listedKeys("\(section):\n  nonsense: 1")
    }
    keys += try listedKeys("cameras:\n  - name: a\n    address: \"synthetic:\"\n    nonsense: 1")
    #expect(keys.count >= 20)
    for key in keys {
      let isDocumented = lines.contains { $0.hasPrefix("\(key):") || $0.hasPrefix("- \(key):") }
      #expect(isDocumented, "\(key) is not in systemd/cleansight.yaml")
    }
  }

  private func listedKeys(_ text: String) throws -> [String] {
    do {
      _ = try Settings.parse(text, file: "f")
      Issue.record("an unknown key was accepted")
      return []
    } catch let error as SettingsError {
      let expected = try #require(error.problems.first?.expected)
      return expected.replacingOccurrences(of: "one of the keys ", with: "")
        .components(separatedBy: ", ")
    }
  }

  @Test func readsEveryOption() throws {
    let settings = try Settings.parse(
      """
      listen: "[::1]:9000"
      token-file: /etc/token
      state-directory: /tmp/state
      socket: /tmp/s.sock
      model: /m
      log-level: debug
      engine: {backend: openblas, precision: bf16, threads: 3}
      detection: {score: 0.25}
      guard: {interval: 0, threshold: 7.5}
      http: {maximum-clients: 5, client-timeout: 1.5, jpeg-quality: 60}
      cameras:
        - {name: door, address: "v4l2:/dev/video0", width: 1280, height: 720, fps: 30, format: mjpeg}
        - {name: yard, address: "images:/x"}
      """, file: "f")
    #expect(settings.listen == ListenAddress(host: "::1", port: 9000))
    #expect(settings.tokenFile == .path("/etc/token"))
    #expect(settings.stateDirectory == "/tmp/state")
    #expect(settings.socket == "/tmp/s.sock")
    #expect(settings.model == "/m")
    #expect(settings.logLevel == .debug)
    #expect(settings.engine.backend == .openblas)
    #expect(settings.engine.precision == .bf16)
    #expect(settings.engine.threads == 3)
    #expect(settings.detection.score == 0.25)
    #expect(settings.guarding.interval == 0)
    #expect(settings.guarding.threshold == 7.5)
    #expect(settings.http.maximumClients == 5)
    #expect(settings.http.clientTimeout == 1.5)
    #expect(settings.http.jpegQuality == 60)
    #expect(settings.cameras.map(\.name) == ["door", "yard"])
    #expect(settings.cameras[0].width == 1280)
    #expect(settings.cameras[0].height == 720)
    #expect(settings.cameras[0].fps == 30)
    #expect(settings.cameras[0].format == .mjpeg)
    #expect(settings.cameras[1].width == 640)
  }

  @Test(arguments: ["", "# only a comment\n", "---\n"])
  func emptyFileIsTheDefaults(text: String) throws {
    #expect(try Settings.parse(text, file: "f") == Settings())
  }

  @Test func unknownKeyIsNamedWithItsLine() {
    let found = problems("log-level: info\nengin:\n  threads: 2\n")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("f.yaml:2: engin: expected one of the keys listen,") == true)
    #expect(found.first?.hasSuffix("found an unknown key \"engin\"") == true)
  }

  @Test func allProblemsAreNamedAtOnce() {
    let found = problems(
      """
      listen: nowhere
      engine:
        threads: many
        backend: cuda
      http:
        jpeg-quality: 101
      cameras:
        - name: a b
          address: rtsp://x
          width: 8
        - address: "synthetic:"
      """)
    #expect(
      found == [
        "f.yaml:1: listen: expected HOST:PORT, found \"nowhere\"",
        "f.yaml:3: engine.threads: expected a whole number from 1 to 256, found \"many\"",
        "f.yaml:4: engine.backend: expected one of auto, onednn, openblas, found \"cuda\"",
        "f.yaml:6: http.jpeg-quality: expected a whole number from 1 to 100, found \"101\"",
        "f.yaml:8: cameras[0].name: expected 1 to 64 letters, digits, '-', '_' or '.', found \"a b\"",
        "f.yaml:9: cameras[0].address: expected an address that begins with v4l2:, mjpeg:, images:, synthetic:, found \"rtsp://x\"",
        "f.yaml:10: cameras[0].width: expected a whole number from 16 to 8192, found \"8\"",
        "f.yaml:11: cameras[1].name: expected a name, found none",
      ])
  }

  @Test(arguments: [
    ("listen: [1]", "f.yaml:1: listen: expected HOST:PORT, found a list"),
    (
      "engine: 5",
      "f.yaml:1: engine: expected a mapping with the keys backend, precision, threads, found \"5\""
    ),
    ("model:", "f.yaml:1: model: expected a folder or auto, found nothing"),
    ("cameras: []", "f.yaml:1: cameras: expected a list of 1 to 16 cameras, found a list of 0"),
    (
      "engine:\n  threads: \"2\"",
      "f.yaml:2: engine.threads: expected a whole number from 1 to 256, found \"2\""
    ),
    (
      "detection:\n  score: .nan",
      "f.yaml:2: detection.score: expected a number from 0.0 to 1.0, found \".nan\""
    ),
    ("just text", "f.yaml:1: expected a mapping with the keys listen"),
  ])
  func wrongTypeIsNamed(text: String, message: String) {
    let found = problems(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(message) == true, "\(found)")
  }

  @Test func twoCamerasOfOneNameAreRefused() {
    let found = problems(
      "cameras:\n  - {name: a, address: \"synthetic:\"}\n  - {name: a, address: \"images:/x\"}")
    #expect(
      found == [
        "f.yaml:3: cameras[1].name: expected a name that no other camera has, found \"a\" again"
      ])
  }

  @Test(arguments: [
    "a: [1", "a: b: c", "\tx: 1", "listen: 1\nlisten: 2", "- *x",
  ])
  func brokenYAMLIsNamed(text: String) {
    let found = problems(text)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.hasPrefix("f.yaml") }, "\(found)")
  }

  @Test func missingLargeAndBinaryFilesAreRefused() throws {
    #expect(
      throws: SettingsError(
        place: "/nonexistent.yaml", expected: "a configuration file",
        found: "No such file or directory")
    ) {
      try Settings.load(file: "/nonexistent.yaml")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let large = folder.appendingPathComponent("large.yaml")
    try Data(repeating: UInt8(ascii: "#"), count: Settings.maximumFileBytes + 1).write(to: large)
    #expect(throws: SettingsError.self) { try Settings.load(file: large.path) }
    let binary = folder.appendingPathComponent("binary.yaml")
    try Data([0xff, 0xfe, 0x80]).write(to: binary)
    #expect(throws: SettingsError.self) { try Settings.load(file: binary.path) }
    #expect(throws: SettingsError.self) { try Settings.load(file: folder.path) }
  }
}
