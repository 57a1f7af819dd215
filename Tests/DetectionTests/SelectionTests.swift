import CKernels
import Synchronization
import Testing

@testable import Detection

@Suite struct SelectionTests {
  func topK(_ values: [Float], pixels: Int, perPixel: Int, stride: Int, k: Int) -> [Int] {
    var keys = [UInt32](repeating: 0, count: pixels * perPixel)
    var scratch = [UInt64](repeating: 0, count: 2 * k + 1)
    var indices = [UInt32](repeating: 0, count: k + 1)
    let found = cs_topk(values, pixels, perPixel, stride, k, &keys, &scratch, &indices)
    return indices.prefix(found).map { Int($0) }
  }

  @Test func selectsTheGreatestInOrder() {
    var random = Random(10)
    for (count, k) in [(0, 5), (1, 1), (7, 20), (5000, 1000), (5000, 47), (5000, 5000)] {
      let values = random.floats(count, in: -8...8)
      #expect(
        topK(values, pixels: count, perPixel: 1, stride: 1, k: k) == plainTopK(values, k))
    }
  }

  @Test func tiesGoByIndexAndNaNIsLast() {
    var random = Random(11)
    for step in [Float(1), 0.25, 100] {
      let values = random.floats(3000, in: -4...4).map { value in
        value > 3.9 ? .nan : value > 3.8 ? .infinity : (value / step).rounded() * step
      }
      for k in [1, 100, 999, 2999, 3000] {
        #expect(topK(values, pixels: 3000, perPixel: 1, stride: 1, k: k) == plainTopK(values, k))
      }
      var scratch = [UInt64](repeating: 0, count: 6000)
      var order = [UInt32](repeating: 0, count: 3000)
      cs_sort_scores(values, 3000, &scratch, &order)
      #expect(order.map { Int($0) } == plainTopK(values, 3000))
    }
    // -0 and 0 are the same number.
    #expect(topK([-0.0, 0, -0.0, 0], pixels: 4, perPixel: 1, stride: 1, k: 3) == [0, 1, 2])
  }

  @Test func readsStridedPixels() {
    var random = Random(12)
    let values = random.floats(40 * 16)
    let dense = (0..<40).flatMap { Array(values[($0 * 16)..<($0 * 16 + 3)]) }
    #expect(topK(values, pixels: 40, perPixel: 3, stride: 16, k: 30) == plainTopK(dense, 30))
  }

  @Test func parallelForVisitsEachItemOnce() {
    for (count, grain) in [(0, 1), (1, 1), (1000, 1), (1000, 7), (3, 100)] {
      let visits = (0..<count).map { _ in Counter() }
      parallelFor(count, grain: grain) { range in
        for index in range { visits[index].value.add(1, ordering: .relaxed) }
      }
      #expect(visits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
    }
  }

  @Test func parallelForMayBeNested() {
    let visits = Counter()
    parallelFor(8) { outer in
      for _ in outer {
        parallelFor(5) { visits.value.add($0.count, ordering: .relaxed) }
      }
    }
    #expect(visits.value.load(ordering: .relaxed) == 40)
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
