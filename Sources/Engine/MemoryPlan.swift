/// Where in one arena each value of a program lies. Values that are never alive together share bytes.
struct MemoryPlan {
  /// Byte offset of each value.
  let offsets: [Int]
  /// Bytes of the arena.
  let bytes: Int

  /// Cache lines: what vector kernels want.
  static let alignment = 64

  private struct Block {
    var values: [Int]
    var bytes: Int
    var first: Int
    var last: Int
  }

  init(_ program: Program) {
    var blockOfValue = [Int](repeating: -1, count: program.values.count)
    var blocks: [Block] = []

    func define(_ value: ValueID, at step: Int) {
      let size = program[value].shape.count * program[value].precision.bytes
      let padded = Self.padded(size)
      blockOfValue[value.index] = blocks.count
      blocks.append(Block(values: [value.index], bytes: padded, first: step, last: step))
    }
    define(program.input, at: -1)
    for (step, lowered) in program.steps.enumerated() {
      for input in lowered.inputs { blocks[blockOfValue[input.index]].last = step }
      if let residual = lowered.residual {
        // The kernel adds to the residual in place: one block for both.
        let block = blockOfValue[residual.index]
        blockOfValue[lowered.output.index] = block
        blocks[block].values.append(lowered.output.index)
        blocks[block].last = step
      } else {
        define(lowered.output, at: step)
      }
    }
    for output in program.outputs {
      blocks[blockOfValue[output.value.index]].last = program.steps.count
    }

    let placed = Self.place(
      blocks.map { Lifetime(bytes: $0.bytes, first: $0.first, last: $0.last) })
    offsets = blockOfValue.map { $0 < 0 ? 0 : placed.offsets[$0] }
    bytes = placed.bytes
  }

  /// Bytes that are in use from one step to another.
  struct Lifetime {
    let bytes: Int
    var first: Int
    var last: Int
  }

  /// An offset for each: largest first, each at the lowest offset where nothing lies that is in use
  /// at the same time.
  static func place(_ lifetimes: [Lifetime]) -> (offsets: [Int], bytes: Int) {
    var offsets = [Int](repeating: 0, count: lifetimes.count)
    var placed: [Int] = []
    var arena = 0
    for index in lifetimes.indices.sorted(by: { lifetimes[$0].bytes > lifetimes[$1].bytes }) {
      let new = lifetimes[index]
      let neighbours = placed.filter {
        lifetimes[$0].first <= new.last && new.first <= lifetimes[$0].last
      }.sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for neighbour in neighbours where offsets[neighbour] < offset + new.bytes {
        offset = max(offset, offsets[neighbour] + lifetimes[neighbour].bytes)
      }
      offsets[index] = offset
      placed.append(index)
      arena = max(arena, offset + new.bytes)
    }
    return (offsets, arena)
  }

  /// A number of bytes rounded up to whole cache lines.
  static func padded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
