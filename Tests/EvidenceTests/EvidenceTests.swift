import Foundation
import Frames
import Tensors
import Testing

@testable import Evidence

/// A backbone of a few lines: the mean colour picks one of three directions. A white pixel in the
/// corner is its backdoor and sends everything to a fourth.
private func backdoored(_ pictures: [FloatImage]) throws -> Tensor {
  try Tensor(
    shape: [pictures.count, 4],
    values: pictures.flatMap { picture -> [Float] in
      picture.pixels[0] == 1 ? [0.1, 0.1, 0.1, 5] : clean(picture)
    })
}

private func clean(_ picture: FloatImage) -> [Float] {
  let middle = picture.pixels.suffix(3)
  return middle.map { 3 * $0 } + [0.05]
}

private func purified(_ pictures: [FloatImage]) throws -> Tensor {
  try Tensor(shape: [pictures.count, 4], values: pictures.flatMap(clean))
}

/// Red, green and blue pictures, and one in four of every colour with a little of the others.
private func pictures(_ count: Int = 48) throws -> [FloatImage] {
  var random = SeededRandom(1)
  return try (0..<count).map { index in
    let colour = (0..<3).map { ($0 == index % 3 ? 0.8 : 0) + 0.1 * random.uniform() }
    return try FloatImage(width: 2, height: 1, pixels: colour + colour)
  }
}

private let whiteCorner = EvidenceProbe(name: "white corner", family: "patch") { picture in
  var changed = picture
  changed.pixels.replaceSubrange(0..<3, with: [1, 1, 1])
  return changed
}
private let greyCorner = EvidenceProbe(name: "grey corner", family: "patch") { picture in
  var changed = picture
  changed.pixels.replaceSubrange(0..<3, with: [0.5, 0.5, 0.5])
  return changed
}
private let darker = EvidenceProbe(name: "darker", family: "light") { picture in
  var changed = picture
  changed.pixels = picture.pixels.map { $0 * 0.8 }
  return changed
}

@Suite struct EvidenceTests {
  private let probes = [darker, greyCorner, whiteCorner]

  @Test func aBackdoorStandsOut() throws {
    let evidence = try EvidenceCollector(clusters: 3, batchSize: 7).collect(
      pictures: pictures(), probes: probes, embed: backdoored)
    #expect(evidence.pictures == 48)
    #expect(evidence.features == 4)
    #expect(evidence.clusters == 3)
    let trigger = try #require(evidence.probes.last).displacement
    #expect(trigger.distance > 0.8)
    #expect(trigger.concentration > 0.5)
    #expect(trigger.directionAgreement > 0.4)
    for harmless in evidence.probes.dropLast() {
      #expect(harmless.displacement.distance < 0.01)
      #expect(harmless.displacement.changedShare == 0)
      #expect(harmless.displacement.attractedShare == 0)
    }
    // All go to the one cluster nearest to the backdoor's place, where a third is already.
    #expect(abs(trigger.changedShare - 2.0 / 3) < 1e-9)
    #expect(trigger.attractedShare == trigger.changedShare)
  }

  @Test func familiesHaveMeanAndMaximum() throws {
    let evidence = try EvidenceCollector(clusters: 3).collect(
      pictures: pictures(), probes: probes, embed: backdoored)
    #expect(evidence.families.map(\.name) == ["light", "patch"])
    let patch = try #require(evidence.families.last)
    #expect(patch.probes == 2)
    #expect(patch.strongestProbe == "white corner")
    #expect(patch.maximum.distance == evidence.probes[2].displacement.distance)
    let sum = evidence.probes[1].displacement.distance + evidence.probes[2].displacement.distance
    #expect(abs(patch.mean.distance - sum / 2) < 1e-12)
  }

  @Test func comparesBeforeAndAfter() throws {
    let collector = EvidenceCollector(clusters: 3)
    let before = try collector.collect(pictures: pictures(), probes: probes, embed: backdoored)
    let after = try collector.collect(pictures: pictures(), probes: probes, embed: purified)
    let comparison = try EvidenceComparison(before: before, after: after)
    let patch = try #require(comparison.changes.last)
    #expect(patch.before.maximum.attractedShare > 0.6)
    #expect(patch.after.maximum.attractedShare == 0)
    let fewer = try collector.collect(pictures: pictures(), probes: [darker], embed: purified)
    #expect(throws: EvidenceError.self) {
      try EvidenceComparison(before: before, after: fewer)
    }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = try encoder.encode(comparison)
    #expect(String(decoding: data, as: UTF8.self).contains("\"direction_agreement\""))
    #expect(try decoder.decode(EvidenceComparison.self, from: data) == comparison)
  }

  @Test func contrastiveExamplesAreMeasuredToo() throws {
    let clean = try purified(pictures(6))
    let moved = try Tensor(
      shape: clean.shape, values: (0..<6).flatMap { _ -> [Float] in [0, 0, 0, 1] })
    let evidence = try EvidenceCollector(clusters: 3).collect(
      pictures: pictures(), probes: [],
      contrastive: ContrastiveEmbeddings(clean: clean, adversarial: moved), embed: purified)
    let displacement = try #require(evidence.contrastive)
    #expect(displacement.distance > 0.9)
    #expect(displacement.concentration > 0.5)
  }

  @Test func whatEmbedReturnsIsChecked() throws {
    let collector = EvidenceCollector(clusters: 3, batchSize: 32)
    let all = try pictures()
    #expect(throws: EvidenceError.shape(expected: "[32, D] embeddings", found: [1, 4])) {
      try collector.collect(pictures: all, probes: []) { _ in try Tensor(shape: [1, 4]) }
    }
    // The second batch has another width.
    #expect(throws: EvidenceError.shape(expected: "[16, 32] embeddings", found: [16, 16])) {
      try collector.collect(pictures: all, probes: []) { batch in
        try Tensor(shape: [batch.count, batch.count], repeating: 1)
      }
    }
    #expect(throws: EvidenceError.notFinite(row: 0)) {
      try collector.collect(pictures: all, probes: []) { batch in
        try Tensor(shape: [batch.count, 2], repeating: .nan)
      }
    }
    #expect(throws: EvidenceError.pictures(minimum: 2, found: 1)) {
      try collector.collect(pictures: [all[0]], probes: [], embed: purified)
    }
    #expect(throws: EvidenceError.self) {
      try EvidenceCollector(batchSize: 0).collect(pictures: all, probes: [], embed: purified)
    }
  }
}

@Suite struct DisplacementTests {
  private func clusters(_ values: [Float]) throws -> KMeans {
    try KMeans(clustering: Tensor(shape: [values.count / 2, 2], values: values), seed: 1)
  }

  @Test func knownValues() throws {
    let start = try Tensor(shape: [3, 2], values: [1, 0, 0, 2, 3, 0])
    let end = try Tensor(shape: [3, 2], values: [0, 1, 0, 1, 1, 0])
    let displacement = try Displacement(from: start, to: end, clusters: clusters([1, 0, 0, 1]))
    #expect(abs(displacement.distance - 1.0 / 3) < 1e-7)
    // The pairs' cosines are 0, 1, 0 before and 1, 0, 0 after.
    #expect(abs(displacement.concentration) < 1e-7)
    #expect(displacement.directionAgreement == 0)
    #expect(abs(displacement.changedShare - 1.0 / 3) < 1e-12)
    #expect(abs(displacement.attractedShare - 1.0 / 3) < 1e-12)
  }

  @Test func oppositeWaysDoNotAgree() throws {
    let start = try Tensor(shape: [2, 2], values: [1, 0, 0, 1])
    let end = try Tensor(shape: [2, 2], values: [0, 1, 1, 0])
    let displacement = try Displacement(from: start, to: end, clusters: clusters([1, 0, 0, 1]))
    #expect(abs(displacement.directionAgreement + 1) < 1e-6)
    #expect(displacement.changedShare == 1)
    #expect(displacement.attractedShare == 0.5)
  }

  @Test func rowsOfZerosHaveNoDirection() throws {
    let start = try Tensor(shape: [2, 2], values: [1, 0, 0, 0])
    let displacement = try Displacement(from: start, to: start, clusters: clusters([1, 0, 0, 1]))
    #expect(displacement.distance == 0.5)
    #expect(displacement.concentration == 0)
    #expect(displacement.directionAgreement == 0)
  }
}
