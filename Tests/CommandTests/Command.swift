import Foundation
import Testing

/// `cleansight` as a process of its own, as a user runs it.
struct Command {
  let status: Int32
  let output: String
  let errors: String

  /// The model that is delivered, in the checkout.
  static let model = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("models/default").path

  init(_ arguments: String...) throws { try self.init(arguments) }

  init(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    process.arguments = arguments
    // Files, not pipes: a full pipe would stop the process while nobody reads it.
    let folder = try Folder()
    let (out, err) = (folder.file("out"), folder.file("err"))
    for file in [out, err] {
      try #require(FileManager.default.createFile(atPath: file, contents: nil))
    }
    process.standardOutput = FileHandle(forWritingAtPath: out)
    process.standardError = FileHandle(forWritingAtPath: err)
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    output = try String(contentsOfFile: out, encoding: .utf8)
    errors = try String(contentsOfFile: err, encoding: .utf8)
  }

  /// The output as a JSON object.
  var json: [String: Any] {
    get throws {
      try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }
  }
}

/// A folder that is removed with its owner.
final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "cs-command-\(UInt64.random(in: 0...UInt64.max))"
      ).path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}
