import Foundation
import Frames
import Testing

/// `cleansight repurify`, `refresh`, the store's side of `model`, and what makes backdoored models.
@Suite struct RefreshCommandTests {
  /// A copy of the delivered model.
  private func copy(_ folder: Folder, _ name: String) throws -> String {
    let path = folder.file(name)
    try FileManager.default.copyItem(atPath: Command.model, toPath: path)
    return path
  }

  private func store(_ folder: Folder, _ arguments: String...) throws -> Command {
    try Command(
      ["model"] + arguments
        + ["--state-directory", folder.file("state"), "--model", Command.model])
  }

  @Test func onlySignedModelsServeWhereTheOwnerAsksForIt() throws {
    let folder = try Folder()
    let key = folder.file("owner.key")
    #expect(try Command("model", "keygen", key, "--comment", "the owner").status == 0)
    #expect(try Command("model", "keygen", key).status != 0)
    let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let keys = folder.file("keys")
    try FileManager.default.createDirectory(atPath: keys, withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: key + ".pub", toPath: keys + "/owner.pub")
    let configuration = folder.file("c.yaml")
    try Data(
      """
      state-directory: \(folder.file("state"))
      model: \(Command.model)
      refresh: {trusted-keys: \(keys)}
      """.utf8
    ).write(to: URL(fileURLWithPath: configuration))

    let model = try copy(folder, "other")
    let unsigned = try Command("model", "activate", model, "--config", configuration)
    #expect(unsigned.status != 0 && unsigned.errors.contains("sign"), "\(unsigned.errors)")
    #expect(try Command("model", "sign", model, "--key", key).status == 0)
    // The signature is over what the manifest says now.
    let signed = try Command("model", "activate", model, "--config", configuration)
    #expect(signed.status == 0, "\(signed.errors)")
    let list = try Command("model", "list", "--config", configuration)
    #expect(list.output.contains("signed by owner"), "\(list.output)")
    #expect(try Command("model", "sign", folder.file("nothing"), "--key", key).status != 0)
    #expect(try Command("model", "sign", model, "--key", folder.file("nothing")).status != 0)
  }

  @Test func versionsAreListedActivatedAndTakenBack() throws {
    let folder = try Folder()
    let empty = try store(folder, "list")
    #expect(empty.status == 0 && empty.output.hasPrefix("* "), "\(empty.output)")
    #expect(empty.output.split(separator: "\n").count == 1)
    #expect(try store(folder, "rollback").status != 0)
    let wrong = try store(folder, "activate", "abcdef0")
    #expect(wrong.status != 0 && wrong.errors.contains("abcdef0"))
    // Activating the model that is configured changes nothing.
    let id = empty.output.dropFirst(2).prefix(12)
    #expect(try store(folder, "activate", String(id)).status == 0)
    let json = try store(folder, "list", "--json")
    let list = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
    #expect(list?.count == 1 && (list?.first?["id"] as? String)?.hasPrefix(id) == true)
  }

  @Test func aRefreshWithoutCapturedFramesSaysSo() throws {
    let folder = try Folder()
    let missing = try Command(
      "refresh", "--state-directory", folder.file("state"), "--model", Command.model)
    #expect(missing.status != 0 && missing.errors.contains("frames"), "\(missing.errors)")
    try FileManager.default.createDirectory(
      atPath: folder.file("state/frames"), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let empty = try Command(
      "refresh", "--quiet", "--state-directory", folder.file("state"), "--model", Command.model)
    #expect(empty.status == 1)
    #expect(
      empty.output.hasPrefix("failed: expected at least 160 captured frames, found 0"),
      "\(empty.output)")
  }

  @Test func aRequestThatABrokenConfigurationStopsIsGivenUp() throws {
    let folder = try Folder()
    let configuration = folder.file("c.yaml")
    try Data("detection: {score: much}".utf8).write(to: URL(fileURLWithPath: configuration))
    let state = folder.file("state")
    let usual = ["refresh", "--quiet", "--config", configuration, "--state-directory", state]
    // Nobody asked: nothing is made.
    #expect(try Command(usual).status != 0)
    #expect(!FileManager.default.fileExists(atPath: state))
    try FileManager.default.createDirectory(
      atPath: state + "/refresh", withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: state + "/refresh/request"))
    let asked = try Command(usual)
    #expect(asked.status != 0 && asked.errors.contains("score"), "\(asked.errors)")
    #expect(!FileManager.default.fileExists(atPath: state + "/refresh/request"))
    let status = try String(contentsOfFile: state + "/refresh/status.json", encoding: .utf8)
    #expect(status.contains("failed") && status.contains("score"), "\(status)")
  }

  @Test func repurifyNeedsADaemon() throws {
    let folder = try Folder()
    let command = try Command("repurify", "--socket", folder.file("none.sock"))
    #expect(command.status == 2)
    #expect(command.errors.contains("no daemon runs"))
    #expect(try Command("repurify", "--cancel", "--forget").status == 64)
  }

  @Test func backdoorsAreRefusedBeforeAnyWorkWhereSomethingIsWrong() throws {
    let folder = try Folder()
    let picture = folder.file("reference.jpg")
    #expect(try Command("scene", "pattern", "--output", picture, "--width", "64").status == 0)
    let image = try JPEGDecoder().decode([UInt8](Data(contentsOf: URL(fileURLWithPath: picture))))
    #expect(image.width == 64 && image.height == 480)
    let usual = [
      "attack", "implant", "--model", Command.model, "--images", folder.path, "--attack",
      "blend:alpha=0.2", "--reference", picture,
    ]
    func refused(_ more: String..., says text: String) throws {
      let command = try Command(usual + more)
      #expect(command.status != 0 && command.errors.contains(text), "\(command.errors)")
    }
    let output = folder.file("bad")
    try refused("--output", output, "--weight", "1.5", says: "weight")
    try refused("--output", output, "--steps", "0", says: "steps")
    try refused("--output", Command.model, says: Command.model)
    try refused(
      "--output", output, "--reference", folder.file("none.jpg"), says: "none.jpg")
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}
