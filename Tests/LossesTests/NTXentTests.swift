import Foundation
import Testing

@testable import Losses

/// The definition, in f64, as it stands in the paper.
private func plain(_ a: [Double], _ b: [Double], features: Int, temperature: Double) -> Double {
  let values = a + b
  let samples = values.count / features
  let units = (0..<samples).map { row in
    let line = values[(row * features)..<((row + 1) * features)]
    let norm = line.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return line.map { norm > 0 ? $0 / norm : 0 }
  }
  var total = 0.0
  for row in 0..<samples {
    let similarity = units.map { other in
      zip(units[row], other).reduce(0) { $0 + $1.0 * $1.1 } / temperature
    }
    let others = similarity.indices.filter { $0 != row }.reduce(0) { $0 + exp(similarity[$1]) }
    total += log(others) - similarity[(row + samples / 2) % samples]
  }
  return total / Double(samples)
}

@Suite struct NTXentTests {
  @Test func equalsPyTorch() throws {
    let workspace = NTXentWorkspace()
    for reference in try Reference.load().nt_xent {
      let loss = try NTXent(temperature: reference.temperature)
      let (rows, features) = (reference.rows, reference.features)
      let both = try contrast(
        loss, reference.a, reference.b, rows: rows, features: features, workspace: workspace)
      #expect(abs(both.loss - reference.loss) < 1e-5 * reference.loss)
      #expect(relativeError(both.a, reference.gradient_a) < 1e-5)
      #expect(relativeError(both.b, reference.gradient_b) < 1e-5)
      let frozen = try contrast(
        loss, reference.a, reference.b, rows: rows, features: features, ofA: false,
        workspace: workspace)
      #expect(frozen.loss == both.loss)
      #expect(relativeError(frozen.b, reference.gradient_b_frozen_a) < 1e-5)
    }
  }

  @Test(arguments: [(1, 3, Float(0.5)), (5, 13, 0.5), (6, 8, 0.07)])
  func gradientEqualsFiniteDifferences(rows: Int, features: Int, temperature: Float) throws {
    let a = noise(rows * features, seed: 3)
    let b = noise(rows * features, seed: 4)
    let found = try contrast(
      NTXent(temperature: temperature), a, b, rows: rows, features: features)
    let (wideA, wideB) = (a.map(Double.init), b.map(Double.init))
    let value = plain(wideA, wideB, features: features, temperature: Double(temperature))
    #expect(abs(Double(found.loss) - value) < 1e-5 * max(value, 1))
    func slope(_ index: Int, ofA: Bool) -> Float {
      let values = [-1e-5, 1e-5].map { step in
        var (left, right) = (wideA, wideB)
        if ofA { left[index] += step } else { right[index] += step }
        return plain(left, right, features: features, temperature: Double(temperature))
      }
      return Float((values[1] - values[0]) / 2e-5)
    }
    let slopesA = a.indices.map { slope($0, ofA: true) }
    let slopesB = b.indices.map { slope($0, ofA: false) }
    let scale = max((slopesA + slopesB).map(abs).max() ?? 0, 1e-3)
    for (index, expected) in slopesA.enumerated() {
      #expect(abs(found.a[index] - expected) < 1e-4 * scale)
    }
    for (index, expected) in slopesB.enumerated() {
      #expect(abs(found.b[index] - expected) < 1e-4 * scale)
    }
  }

  @Test func oneGradientIsThatOfBoth() throws {
    let (a, b) = (noise(7 * 10, seed: 5), noise(7 * 10, seed: 6))
    let loss = try NTXent(temperature: 0.2)
    let both = try contrast(loss, a, b, rows: 7, features: 10)
    let onlyA = try contrast(loss, a, b, rows: 7, features: 10, ofB: false)
    let onlyB = try contrast(loss, a, b, rows: 7, features: 10, ofA: false)
    #expect(relativeError(onlyA.a, both.a) < 1e-6)
    #expect(relativeError(onlyB.b, both.b) < 1e-6)
    let none = try contrast(loss, a, b, rows: 7, features: 10, ofA: false, ofB: false)
    #expect(none.loss == both.loss)
  }

  @Test func weighsAndAccumulates() throws {
    let (a, b) = (noise(4 * 6, seed: 7), noise(4 * 6, seed: 8))
    let loss = try NTXent()
    let once = try contrast(loss, a, b, rows: 4, features: 6)
    var sum = [Float](repeating: 1, count: b.count)
    let value = try sum.withUnsafeMutableBufferPointer { gradient in
      try a.withUnsafeBufferPointer { a in
        try b.withUnsafeBufferPointer { b in
          try loss.evaluate(
            a, b, rows: 4, features: 6, weight: 0.3, gradientB: gradient, accumulates: true,
            workspace: NTXentWorkspace())
        }
      }
    }
    #expect(value == once.loss)
    #expect(relativeError(sum, once.b.map { 1 + 0.3 * $0 }) < 1e-6)
  }

  @Test func aRowOfZerosHasNoGradient() throws {
    var a = noise(4 * 6, seed: 9)
    let b = noise(4 * 6, seed: 10)
    for index in 6..<12 { a[index] = 0 }
    let found = try contrast(NTXent(), a, b, rows: 4, features: 6)
    let wide = plain(a.map(Double.init), b.map(Double.init), features: 6, temperature: 0.5)
    #expect(abs(Double(found.loss) - wide) < 1e-5)
    #expect(found.a[6..<12].allSatisfy { $0 == 0 })
    #expect(found.a[0..<6].contains { $0 != 0 })
    #expect(isFinite(found.a + found.b))
  }

  @Test func isStableAtSmallTemperatures() throws {
    // exp(1/0.005) is beyond f32, and the positive is the farthest of all.
    let a: [Float] = [1, 0, -1, 0]
    let b: [Float] = [-1, 0, 1, 0]
    let found = try contrast(NTXent(temperature: 0.005), a, b, rows: 2, features: 2)
    #expect(abs(found.loss - 400) < 1e-2)
    #expect(isFinite(found.a + found.b))
  }

  @Test func whatIsNoNumberShowsInTheLoss() throws {
    let b = noise(6, seed: 11)
    for bad in [Float.nan, .infinity] {
      let found = try contrast(NTXent(), [1, 2, bad, 4, 5, 6], b, rows: 2, features: 3)
      #expect(!found.loss.isFinite)
    }
  }

  @Test func aWorkspaceKeepsItsMemory() throws {
    let workspace = try NTXentWorkspace(rows: 6, features: 9)
    let bytes = workspace.byteCount
    #expect(bytes == (2 * 12 * 9 + 12 * 12 + 12) * 4)
    let place = workspace.similarities.values.baseAddress
    for rows in [6, 2] {
      let values = noise(rows * 9)
      _ = try contrast(
        NTXent(), values, values, rows: rows, features: 9, workspace: workspace)
    }
    #expect(workspace.similarities.values.baseAddress == place)
    #expect(workspace.byteCount == bytes)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: LossError.self) { try NTXent(temperature: 0) }
    #expect(throws: LossError.self) { try NTXent(temperature: .nan) }
    #expect(throws: LossError.self) { try NTXentWorkspace(rows: 0, features: 3) }
    #expect(throws: LossError.shape(name: "b", expected: "2×3 values", found: "5")) {
      try contrast(NTXent(), noise(6), noise(5), rows: 2, features: 3)
    }
  }
}
