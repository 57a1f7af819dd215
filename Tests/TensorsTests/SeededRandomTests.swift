import Testing

@testable import Tensors

@Suite struct SeededRandomTests {
  private func numbers(_ random: SeededRandom, _ count: Int = 8) -> [UInt64] {
    var random = random
    return (0..<count).map { _ in random.next() }
  }

  @Test func theStreamIsDecidedByTheSeedsAndTheirOrder() {
    #expect(numbers(SeededRandom(1, 2)) == numbers(SeededRandom(seeds: [1, 2])))
    let streams = [SeededRandom(), SeededRandom(1), SeededRandom(1, 2), SeededRandom(2, 1)]
    #expect(Set(streams.map { numbers($0) }).count == streams.count)
    // Computed from the definition in Python: what was drawn once must be drawn again.
    #expect(numbers(SeededRandom(7), 2) == [0x2ff5_89e2_82ee_ed5e, 0xa300_44d2_dfc0_c8bf])
  }

  @Test func derivedStreamsDifferAndDoNotMoveTheirParent() {
    let parent = SeededRandom(3)
    let before = numbers(parent)
    let children = (0..<100).map { parent.stream(UInt64($0)) }
    #expect(numbers(parent) == before)
    #expect(Set(children.map { numbers($0) } + [before, numbers(parent.stream())]).count == 102)
    #expect(parent.stream(5) == parent.stream(5))
    var moved = parent
    _ = moved.next()
    #expect(moved.stream(5) != parent.stream(5))
  }

  @Test func uniformNumbersFillTheirRange() {
    var random = SeededRandom(11)
    let values = (0..<20_000).map { _ in random.uniform(-2...6) }
    #expect(values.allSatisfy { (-2...6).contains($0) })
    #expect(abs(values.reduce(0, +) / 20_000 - 2) < 0.08)
    for eighth in 0..<8 {
      let low = Float(eighth) - 2
      let share = Float(values.filter { $0 >= low && $0 < low + 1 }.count) / 20_000
      #expect(abs(share - 0.125) < 0.015)
    }
    #expect(random.uniform(4...4) == 4)
  }

  @Test func gaussianNumbersHaveTheMomentsOfTheNormalDistribution() {
    var random = SeededRandom(12)
    let values = (0..<40_000).map { _ in random.gaussian() }
    let mean = values.reduce(0, +) / 40_000
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 40_000
    let beyondTwo = Float(values.filter { abs($0) > 2 }.count) / 40_000
    #expect(values.allSatisfy { $0.isFinite })
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03 && abs(beyondTwo - 0.0455) < 0.005)
  }

  @Test func chanceKeepsItsProbability() {
    var random = SeededRandom(13)
    let hits = (0..<20_000).filter { _ in random.chance(0.2) }.count
    #expect(abs(hits - 4000) < 250)
    #expect((0..<1000).allSatisfy { _ in random.chance(1) && !random.chance(0) })
  }

  @Test func integersAreWithoutBias() {
    var random = SeededRandom(14)
    var counts = [Int](repeating: 0, count: 3)
    for _ in 0..<30_000 { counts[random.integer(below: 3)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
    #expect([0, 1, -5].allSatisfy { random.integer(below: $0) == 0 })
    let drawn = Set((0..<200).map { _ in random.integer(in: -1...2) })
    #expect(drawn == [-1, 0, 1, 2])
  }

  @Test func permutationsHoldEveryNumberOnceAndAreFair() {
    var random = SeededRandom(15)
    #expect(random.permutation(1000).sorted() == Array(0..<1000))
    #expect(random.permutation(0).isEmpty && random.permutation(-3).isEmpty)
    var orders: [[Int]: Int] = [:]
    for _ in 0..<12_000 { orders[random.permutation(3), default: 0] += 1 }
    #expect(orders.count == 6)
    #expect(orders.values.allSatisfy { abs($0 - 2000) < 200 })
    #expect(random.shuffled(["a", "b", "c"]).sorted() == ["a", "b", "c"])
  }
}
