import Foundation
import Frames

/// Writes frames of a scene as a data set in the layout of PASCAL VOC: `JPEGImages`, `Annotations`
/// and `ImageSets/Main/train.txt`, which lists the pictures. Ignored objects are "difficult".
public struct SceneDataSet {
  private let folder: URL
  private let encoder: JPEGEncoder

  /// A data set in a folder, which is made where it is missing; pictures already there stay, unless
  /// they have the same seed and frame number, and the list is written anew.
  /// - Throws: Foundation's error where the folders cannot be made.
  public init(folder: URL, quality: Int = 90) throws {
    self.folder = folder
    encoder = JPEGEncoder(quality: quality)
    for part in ["JPEGImages", "Annotations", "ImageSets/Main"] {
      try FileManager.default.createDirectory(
        at: folder.appending(path: part), withIntermediateDirectories: true)
    }
  }

  /// Renders and writes every `stride`-th frame from `first` on.
  /// - Parameter frames: numbers of the frames to write.
  /// - Parameter trigger: put into each picture; the annotations stay as they are.
  /// - Returns: the names of the pictures, without extension.
  /// - Throws: `SceneError`, `JPEGError`, or Foundation's error where a file cannot be written.
  @discardableResult
  public func write(
    _ scene: Scene, frames: some Sequence<Int>, trigger: SceneTrigger? = nil
  ) throws -> [String] {
    var names: [String] = []
    for index in frames {
      let frame = try scene.frame(at: index, trigger: trigger)
      let name = "scene-\(scene.options.seed)-\(index)"
      let jpeg = try encoder.encode(frame.image)
      try Data(jpeg).write(to: folder.appending(path: "JPEGImages/\(name).jpg"))
      try Data(Self.annotation(name: name, frame: frame).utf8)
        .write(to: folder.appending(path: "Annotations/\(name).xml"))
      names.append(name)
    }
    let list = names.map { $0 + "\n" }.joined()
    try Data(list.utf8).write(to: folder.appending(path: "ImageSets/Main/train.txt"))
    return names
  }

  /// VOC's XML of a frame. VOC counts pixels from 1 and includes the last one.
  static func annotation(name: String, frame: RenderedFrame) -> String {
    let objects = frame.groundTruth.map { truth in
      """
        <object>
          <name>\(truth.label)</name>
          <difficult>\(truth.isIgnored ? 1 : 0)</difficult>
          <bndbox>
            <xmin>\(Int(truth.box.x1) + 1)</xmin>
            <ymin>\(Int(truth.box.y1) + 1)</ymin>
            <xmax>\(Int(truth.box.x2))</xmax>
            <ymax>\(Int(truth.box.y2))</ymax>
          </bndbox>
        </object>

      """
    }
    return """
      <annotation>
        <filename>\(name).jpg</filename>
        <size>
          <width>\(frame.image.width)</width>
          <height>\(frame.image.height)</height>
          <depth>3</depth>
        </size>
      \(objects.joined())</annotation>

      """
  }
}
