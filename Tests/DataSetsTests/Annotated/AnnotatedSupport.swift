import Foundation
import Frames

@testable import DataSets

/// An object to be written; corners in continuous pixels.
struct TestObject {
  var label = "cat"
  var x1 = 0
  var y1 = 0
  var x2 = 4
  var y2 = 4
  var isIgnored = false

  /// In VOC's form, which counts from 1.
  var xml: String {
    """
    <object><name>\(label)</name><difficult>\(isIgnored ? 1 : 0)</difficult>
    <bndbox><xmin>\(x1 + 1)</xmin><ymin>\(y1 + 1)</ymin><xmax>\(x2)</xmax><ymax>\(y2)</ymax></bndbox>
    </object>
    """
  }

  /// In COCO's form, with ids by the label's first letter: `a` is 1.
  func json(image: Int) -> String {
    let id = label.utf8.first.map { Int($0) - 96 } ?? 0
    return """
      {"image_id": \(image), "category_id": \(id), "iscrowd": \(isIgnored ? 1 : 0),
       "segmentation": [[1, 2, 3.5, 4]], "bbox": [\(x1), \(y1), \(x2 - x1), \(y2 - y1)]}
      """
  }

  var truth: GroundTruth {
    GroundTruth(
      box: Box(x1: Float(x1), y1: Float(y1), x2: Float(x2), y2: Float(y2)), label: label,
      isIgnored: isIgnored)
  }
}

/// A whole file of VOC's.
func vocXML(_ objects: String, size: String = vocSize(16, 12)) -> String {
  "<?xml version=\"1.0\"?>\n<annotation><folder>x</folder>\(size)\(objects)</annotation>"
}

func vocSize(_ width: Int, _ height: Int) -> String {
  "<size><width>\(width)</width><height>\(height)</height><depth>3</depth></size>"
}

/// A whole file of COCO's; the categories are not in the order of their ids.
func cocoJSON(
  images: [String], annotations: [String],
  categories: String = """
  [{"id": 4, "name": "dog"}, {"id": 3, "name": "cat"}, {"id": 1, "name": "ape"}]
  """
) -> String {
  """
  {"info": {"year": 2017}, "images": [\(images.joined(separator: ", "))],
   "annotations": [\(annotations.joined(separator: ", "))], "categories": \(categories)}
  """
}

func cocoImage(_ id: Int, _ name: String, _ size: String = "\"width\": 16, \"height\": 12")
  -> String
{
  "{\"id\": \(id), \"file_name\": \"\(name)\", \(size)}"
}

extension TemporaryFolder {
  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// Writes one picture of 16×12 pixels and its annotation in VOC's layout.
  func writeVOC(_ name: String, _ xml: String) throws {
    try write("Annotations/\(name).xml", xml)
    try write("JPEGImages/\(name).jpg", try jpeg(100, width: 16, height: 12))
  }

  /// A VOC set of one picture `a`, opened.
  func openVOC(
    _ xml: String, _ options: AnnotatedDataSet.Options = .init()
  ) throws -> AnnotatedDataSet {
    try writeVOC("a", xml)
    try writeVOC("whole", vocXML(""))
    try write("ImageSets/Main/train.txt", "a\nwhole\n")
    return try AnnotatedDataSet(path: path, split: "train", options: options)
  }

  /// A COCO set with pictures `a.jpg` and `whole.jpg`, ids 1 and 2, opened.
  func openCOCO(
    images: [String]? = nil, annotations: [String],
    _ options: AnnotatedDataSet.Options = .init()
  ) throws -> AnnotatedDataSet {
    for name in ["a.jpg", "whole.jpg"] {
      try write("train/\(name)", try jpeg(100, width: 16, height: 12))
    }
    let images = images ?? [cocoImage(1, "a.jpg"), cocoImage(2, "whole.jpg")]
    try write("annotations/train.json", cocoJSON(images: images, annotations: annotations))
    return try AnnotatedDataSet(path: path, split: "train", options: options)
  }
}
