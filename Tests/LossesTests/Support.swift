import Foundation
import Testing

@testable import Losses

/// What PyTorch computed; `reference.py` beside the file made it.
struct Reference: Decodable {
  struct Contrast: Decodable {
    var a: [Float]
    var b: [Float]
    var gradient_a: [Float]
    var gradient_b: [Float]
    var gradient_b_frozen_a: [Float]
    var loss: Float
    var rows: Int
    var features: Int
    var temperature: Float
  }
  struct Pair: Decodable {
    var student: [Float]
    var teacher: [Float]?
    var labels: [Int]?
    var gradient_student: [Float]
    var loss: Float
    var rows: Int
    var columns: Int
  }
  var nt_xent: [Contrast]
  var cross_entropy: Pair
  var cross_entropy_smoothed: Pair
  var kl_student_from_teacher: Pair
  var kl_teacher_from_student: Pair
  var cosine_distance: Pair
  var mean_squared_error: Pair

  static func load() throws -> Reference {
    let url = Bundle.module.url(
      forResource: "reference", withExtension: "json", subdirectory: "Resources")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: try #require(url)))
  }
}

/// Largest difference over the largest expected value.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 1
  let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  return found.contains(where: \.isNaN) ? .infinity : worst / max(scale, 1e-12)
}

/// Deterministic values in ±1.
func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-23 - 1
  }
}

/// The loss and the gradients that were asked for, from arrays.
func contrast(
  _ loss: NTXent, _ a: [Float], _ b: [Float], rows: Int, features: Int, ofA: Bool = true,
  ofB: Bool = true, workspace: NTXentWorkspace = NTXentWorkspace()
) throws -> (loss: Float, a: [Float], b: [Float]) {
  var gradientA = [Float](repeating: 0, count: ofA ? a.count : 0)
  var gradientB = [Float](repeating: 0, count: ofB ? b.count : 0)
  let value = try gradientA.withUnsafeMutableBufferPointer { first in
    try gradientB.withUnsafeMutableBufferPointer { second in
      try a.withUnsafeBufferPointer { a in
        try b.withUnsafeBufferPointer { b in
          try loss.evaluate(
            a, b, rows: rows, features: features, gradientA: ofA ? first : nil,
            gradientB: ofB ? second : nil, workspace: workspace)
        }
      }
    }
  }
  return (value, gradientA, gradientB)
}

/// A loss with a gradient for the student, from an array.
func withGradient(
  _ student: [Float],
  _ body: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) throws -> Float
) throws -> (loss: Float, gradient: [Float]) {
  var gradient = [Float](repeating: 0, count: student.count)
  let loss = try gradient.withUnsafeMutableBufferPointer { gradient in
    try student.withUnsafeBufferPointer { try body($0, gradient) }
  }
  return (loss, gradient)
}

func isFinite(_ values: [Float]) -> Bool { values.allSatisfy { $0.isFinite } }
