import Foundation
import Frames
import Testing

@testable import Scenes

@Suite struct SceneDataSetTests {
  @Test func annotationsCountPixelsFromOne() throws {
    let frame = RenderedFrame(
      image: try Image(width: 64, height: 48),
      groundTruth: [
        GroundTruth(box: Box(x1: 0, y1: 2, x2: 10, y2: 20), label: "car"),
        GroundTruth(box: Box(x1: 5, y1: 5, x2: 6, y2: 7), label: "cat", isIgnored: true),
      ], hasTrigger: false)
    let xml = SceneDataSet.annotation(name: "a", frame: frame)
    let bare = xml.filter { !$0.isWhitespace }
    #expect(bare.contains("<width>64</width><height>48</height>"))
    #expect(
      bare.contains(
        "<name>car</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>3</ymin>"
          + "<xmax>10</xmax><ymax>20</ymax></bndbox>"))
    #expect(bare.contains("<name>cat</name><difficult>1</difficult>"))
    #expect(bare.hasSuffix("</object></annotation>"))
  }

  @Test func filesAreThereAndListed() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scene-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let scene = try Scene(SceneOptions(width: 64, height: 48, seed: 12))
    let names = try SceneDataSet(folder: folder).write(scene, frames: [0, 50])
    #expect(names == ["scene-12-0", "scene-12-50"])
    let list = try String(
      contentsOf: folder.appending(path: "ImageSets/Main/train.txt"), encoding: .utf8)
    #expect(list == "scene-12-0\nscene-12-50\n")
    for name in names {
      let jpeg = try Data(contentsOf: folder.appending(path: "JPEGImages/\(name).jpg"))
      #expect(jpeg.starts(with: [0xff, 0xd8]) && jpeg.count > 500)
      let annotation = try Data(contentsOf: folder.appending(path: "Annotations/\(name).xml"))
      #expect(annotation.starts(with: Array("<annotation>".utf8)))
    }
  }
}
