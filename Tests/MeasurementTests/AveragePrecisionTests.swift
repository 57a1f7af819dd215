import Foundation
import Frames
import Testing

@testable import Measurement

/// A random case with pycocotools' and the VOC definition's results.
private struct Reference: Decodable {
  struct Truth: Decodable {
    var image_id: Int
    var category_id: Int
    var bbox: [Float]
    var iscrowd: Int
  }
  struct Found: Decodable {
    var image_id: Int
    var category_id: Int
    var bbox: [Float]
    var score: Float
  }
  struct VOC: Decodable {
    var per_class: [String: Double]
    var mAP: Double
  }
  var ground_truth: [Truth]
  var detections: [Found]
  var coco: [String: Double]
  var voc2007_11point: VOC
  var voc_area: VOC

  static func load() throws -> Reference {
    let url = Bundle.module.url(
      forResource: "average_precision", withExtension: "json", subdirectory: "Resources")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: try #require(url)))
  }

  var images: [EvaluatedImage] {
    let count = (ground_truth.map(\.image_id) + detections.map(\.image_id)).max().map { $0 + 1 }
    var images = [EvaluatedImage](
      repeating: EvaluatedImage(detections: [], truths: []), count: count ?? 0)
    for truth in ground_truth {
      images[truth.image_id].truths.append(
        GroundTruth(
          box: Self.box(truth.bbox), label: "\(truth.category_id)", isIgnored: truth.iscrowd == 1))
    }
    for found in detections {
      images[found.image_id].detections.append(
        Detection(
          box: Self.box(found.bbox), classIndex: found.category_id, label: "\(found.category_id)",
          score: found.score))
    }
    return images
  }

  private static func box(_ xywh: [Float]) -> Box {
    Box(x1: xywh[0], y1: xywh[1], x2: xywh[0] + xywh[2], y2: xywh[1] + xywh[3])
  }
}

private func isClose(_ value: Double?, _ expected: Double?) -> Bool {
  guard let value, let expected else { return false }
  return abs(value - expected) < 1e-6
}

@Suite struct AveragePrecisionTests {
  @Test func equalsVOC() throws {
    let reference = try Reference.load()
    for (interpolation, expected) in [
      (AveragePrecision.Interpolation.elevenPoint, reference.voc2007_11point),
      (.area, reference.voc_area),
    ] {
      let result = AveragePrecision.voc(reference.images, interpolation: interpolation)
      #expect(isClose(result.mean, expected.mAP))
      #expect(result.perClass.keys.sorted() == expected.per_class.keys.sorted())
      for (label, value) in expected.per_class {
        #expect(isClose(result.perClass[label], value), "class \(label)")
      }
    }
  }

  @Test func equalsPycocotools() throws {
    let reference = try Reference.load()
    let result = COCOAveragePrecision(reference.images)
    let found: [String: Double?] = [
      "AP": result.average.mean, "AP50": result.at50.mean, "AP75": result.at75.mean,
      "APs": result.small.mean, "APm": result.medium.mean, "APl": result.large.mean,
      "AR1": result.recall1, "AR10": result.recall10, "AR100": result.recall100,
    ]
    #expect(found.keys.sorted() == reference.coco.keys.sorted())
    for (key, value) in reference.coco {
      #expect(isClose(found[key] ?? nil, value), "\(key): \(String(describing: found[key]))")
    }
  }

  @Test func theOrderOfDetectionsDoesNotMatter() throws {
    var images = try Reference.load().images
    let result = COCOAveragePrecision(images)
    for index in images.indices { images[index].detections.reverse() }
    #expect(isClose(COCOAveragePrecision(images).average.mean, result.average.mean))
  }
}
