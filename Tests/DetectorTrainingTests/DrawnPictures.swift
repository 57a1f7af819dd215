import DataSets
import Foundation
import Frames

/// Pictures with a red or a blue rectangle on grey, in VOC's layout.
final class DrawnPictures {
  let folder = FileManager.default.temporaryDirectory.appending(path: "detector-\(UUID())")

  init(count: Int) throws {
    for part in ["JPEGImages", "Annotations", "ImageSets/Main"] {
      try FileManager.default.createDirectory(
        at: folder.appending(path: part), withIntermediateDirectories: true)
    }
    let names = (0..<count).map { "p\($0)" }
    for (index, name) in names.enumerated() {
      let (width, height) = index % 2 == 0 ? (96, 64) : (64, 96)
      let (left, top, side) = (4 + 5 * index % 24, 6 + 7 * index % 24, 28)
      var pixels = [UInt8](repeating: 120, count: width * height * 3)
      for y in top..<(top + side) {
        for x in left..<(left + side) {
          let color: [UInt8] = index % 3 == 0 ? [220, 20, 20] : [20, 20, 220]
          for channel in 0..<3 { pixels[(y * width + x) * 3 + channel] = color[channel] }
        }
      }
      let image = try Image(width: width, height: height, pixels: pixels)
      try Data(JPEGEncoder(quality: 95).encode(image)).write(
        to: folder.appending(path: "JPEGImages/\(name).jpg"))
      try Data(
        """
        <annotation><size><width>\(width)</width><height>\(height)</height></size><object>
        <name>\(index % 3 == 0 ? "red" : "blue")</name><bndbox><xmin>\(left + 1)</xmin>
        <ymin>\(top + 1)</ymin><xmax>\(left + side)</xmax><ymax>\(top + side)</ymax></bndbox>
        </object></annotation>
        """.utf8
      ).write(to: folder.appending(path: "Annotations/\(name).xml"))
    }
    try Data(names.joined(separator: "\n").utf8).write(
      to: folder.appending(path: "ImageSets/Main/train.txt"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func read() throws -> AnnotatedDataSet {
    try AnnotatedDataSet(path: folder.path, split: "train")
  }
}
