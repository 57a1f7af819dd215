import Foundation
import Testing

/// `cleansight model` on the delivered model.
@Suite struct ModelCommandTests {
  private let weights = Command.model + "/model.safetensors"

  @Test func inspectsAndVerifiesTheDeliveredModel() throws {
    let inspection = try Command("model", "inspect", Command.model)
    #expect(inspection.status == 0, "\(inspection.errors)")
    #expect(inspection.output.contains("resnet18"))
    #expect(try Command("model", "verify", Command.model).status == 0)
  }

  @Test func importsWeightsIntoAFolderThatDetects() throws {
    let folder = try Folder()
    let imported = try Command(
      "model", "import", weights, "--output", folder.file("mine"), "--classes", "a,b,c,d,e",
      "--min-size", "320", "--max-size", "448", "--anchor-sizes", "16;32;64;128;256")
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(try Command("model", "verify", folder.file("mine")).status == 0)
    let again = try Command(
      "model", "import", weights, "--output", folder.file("few"), "--classes", "a,b")
    #expect(again.status != 0)
    #expect(!FileManager.default.fileExists(atPath: folder.file("few")))
  }

  @Test func aChangedByteIsNoticed() throws {
    let folder = try Folder()
    let copy = folder.file("model")
    try FileManager.default.copyItem(atPath: Command.model, toPath: copy)
    let file = URL(fileURLWithPath: copy + "/model.safetensors")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: file)
    let command = try Command("model", "verify", copy)
    #expect(command.status != 0)
    #expect(command.errors.contains("sha256") || command.errors.contains("SHA-256"))
  }

  @Test func aPickleIsRefusedWithTheWayOut() throws {
    let folder = try Folder()
    let file = folder.file("model.pth")
    try Data([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 64)).write(
      to: URL(fileURLWithPath: file))
    let command = try Command("model", "inspect", file)
    #expect(command.status != 0)
    #expect(command.errors.contains("tools/convert.py"))
  }
}
