import Foundation
import Frames
import Scenes
import Testing

/// `cleansight detect` with the delivered model.
@Suite struct DetectCommandTests {
  @Test func findsWhatASceneShows() throws {
    let folder = try Folder()
    let rendered = try Scene(SceneOptions()).frame(at: 40, trigger: nil)
    try Data(JPEGEncoder(quality: 90).encode(rendered.image)).write(
      to: URL(fileURLWithPath: folder.file("scene.jpg")))
    let overlay = folder.file("boxes.jpg")
    let command = try Command(
      "detect", folder.file("scene.jpg"), "--model", Command.model, "--json", "--overlay", overlay)
    #expect(command.status == 0, "\(command.errors)")
    let detections = try #require(try command.json["detections"] as? [[String: Any]])
    let found = detections.filter { detection in
      guard let corners = detection["box"] as? [Double], corners.count == 4 else { return false }
      let box = Box(
        x1: Float(corners[0]), y1: Float(corners[1]), x2: Float(corners[2]), y2: Float(corners[3]))
      return rendered.groundTruth.contains {
        $0.label == detection["label"] as? String && $0.box.iou(box) > 0.5
      }
    }
    #expect(found.count >= 2, "\(detections) of \(rendered.groundTruth)")
    #expect(found.count * 2 > detections.count)
    let drawn = try JPEGDecoder().decode([UInt8](Data(contentsOf: URL(fileURLWithPath: overlay))))
    #expect(drawn.width == 640 && drawn.pixels != rendered.image.pixels)
  }

  @Test func brokenPicturesAreNamedAndTheOthersGoOn() throws {
    let folder = try Folder()
    let image = try Image(width: 64, height: 48, red: 10, green: 20, blue: 30)
    try Data(JPEGEncoder().encode(image)).write(to: URL(fileURLWithPath: folder.file("good.jpg")))
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder.file("bad.jpg")))
    try Data().write(to: URL(fileURLWithPath: folder.file("empty.jpg")))
    let command = try Command(
      "detect", folder.file("bad.jpg"), folder.file("empty.jpg"), folder.file("absent.jpg"),
      folder.file("good.jpg"), "--model", Command.model, "--json")
    #expect(command.status == 1)
    for name in ["bad.jpg", "empty.jpg", "absent.jpg"] { #expect(command.errors.contains(name)) }
    #expect(try command.json["width"] as? Int == 64)
  }

  @Test func aModelThatIsNotThereIsNamed() throws {
    let command = try Command("detect", "x.jpg", "--model", "/nonexistent/model")
    #expect(command.status != 0)
    #expect(command.errors.contains("/nonexistent/model"))
  }
}
