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
    var offset = 0
  }

  init(_ program: Program) {
    var blockOfValue = [Int](repeating: -1, count: program.values.count)
    var blocks: [Block] = []

    func define(_ value: ValueID, at step: Int) {
      let size = program[value].shape.count * program[value].precision.bytes
      let padded = (size + Self.alignment - 1) / Self.alignment * Self.alignment
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

    // Largest first, each at the lowest offset where no block alive at the same time lies.
    var placed: [Block] = []
    var arena = 0
    for index in blocks.indices.sorted(by: { blocks[$0].bytes > blocks[$1].bytes }) {
      var block = blocks[index]
      let neighbours = placed.filter { $0.first <= block.last && block.first <= $0.last }
        .sorted { $0.offset < $1.offset }
      var offset = 0
      for neighbour in neighbours where neighbour.offset < offset + block.bytes {
        offset = max(offset, neighbour.offset + neighbour.bytes)
      }
      block.offset = offset
      blocks[index] = block
      placed.append(block)
      arena = max(arena, offset + block.bytes)
    }
    offsets = blockOfValue.map { $0 < 0 ? 0 : blocks[$0].offset }
    bytes = arena
  }
}
