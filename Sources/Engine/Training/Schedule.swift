/// Memory that steps of a schedule hand to each other.
struct BufferID: Hashable {
  let index: Int
}

/// Steps in order, with what they read and write, from which their memory is laid out.
///
/// A schedule may run several pictures' worth one after the other in the same memory (slots), with
/// only the buffers that one slot's backward pass needs from its forward pass kept apart.
struct Schedule {
  /// How long a buffer is needed.
  enum Persistence {
    /// From its first write to its last read.
    case transient
    /// For the plan's whole life: inputs, results, their gradients.
    case pinned
    /// Like pinned, and apart for each slot.
    case perSlot
  }

  /// A step's work.
  typealias Work = (StepMemory) throws -> Void

  /// What a step does, for the account of where time goes.
  enum Operation: String, CaseIterable {
    case convolution, normalization, linear, pooling, merging
  }

  struct Step {
    let operation: Operation
    let work: Work
  }

  private(set) var steps: [Step] = []
  private var buffers: [(lifetime: MemoryPlan.Lifetime, persistence: Persistence)] = []
  private(set) var scratchBytes = 0

  /// Declares memory.
  mutating func buffer(bytes: Int, _ persistence: Persistence = .transient) -> BufferID {
    let isPinned = persistence != .transient
    buffers.append(
      (
        .init(
          bytes: MemoryPlan.padded(bytes), first: isPinned ? -1 : Int.max,
          last: isPinned ? Int.max : -1),
        persistence
      ))
    return BufferID(index: buffers.count - 1)
  }

  /// Appends a step; `using` is all memory that it reads or writes.
  mutating func append(
    _ operation: Operation, using: [BufferID], scratch: Int = 0, _ work: @escaping Work
  ) {
    for id in using {
      buffers[id.index].lifetime.first = min(buffers[id.index].lifetime.first, steps.count)
      buffers[id.index].lifetime.last = max(buffers[id.index].lifetime.last, steps.count)
    }
    scratchBytes = max(scratchBytes, scratch)
    steps.append(Step(operation: operation, work: work))
  }

  /// Lays the memory out.
  /// - Parameter other: memory that is used where it is large enough.
  func memory(slots: Int, sharing other: ScheduleMemory? = nil) throws -> ScheduleMemory {
    let lifetimes = buffers.map { buffer in
      buffer.persistence == .perSlot
        ? MemoryPlan.Lifetime(
          bytes: buffer.lifetime.bytes * slots, first: buffer.lifetime.first,
          last: buffer.lifetime.last)
        : buffer.lifetime
    }
    // A buffer that no step uses takes no memory.
    let used = lifetimes.indices.filter { lifetimes[$0].first <= lifetimes[$0].last }
    let placed = MemoryPlan.place(used.map { lifetimes[$0] })
    var offsets = [Int](repeating: 0, count: buffers.count)
    for (position, index) in used.enumerated() { offsets[index] = placed.offsets[position] }
    func fitting(_ arena: Arena?, _ bytes: Int) -> Arena? {
      arena.flatMap { $0.bytes.count >= bytes ? $0 : nil }
    }
    let shared = (
      arena: fitting(other?.arena, placed.bytes), scratch: fitting(other?.scratch, scratchBytes)
    )
    return ScheduleMemory(
      arena: try shared.arena ?? Arena(byteCount: placed.bytes),
      scratch: try shared.scratch ?? Arena(byteCount: scratchBytes), offsets: offsets,
      slotStrides: buffers.map { $0.persistence == .perSlot ? $0.lifetime.bytes : 0 },
      bytes: (shared.arena == nil ? placed.bytes : 0)
        + (shared.scratch == nil ? scratchBytes : 0))
  }
}

/// A schedule's memory.
struct ScheduleMemory {
  let arena: Arena
  let scratch: Arena
  let offsets: [Int]
  let slotStrides: [Int]
  let bytes: Int

  /// What a step sees while a slot runs.
  func view(slot: Int) -> StepMemory {
    StepMemory(
      base: arena.bytes.baseAddress.unsafelyUnwrapped,
      scratch: scratch.bytes.baseAddress.unsafelyUnwrapped, offsets: offsets,
      slotStrides: slotStrides, slot: slot)
  }

  /// A buffer's bytes.
  func bytes(_ id: BufferID, count: Int) -> UnsafeMutableRawBufferPointer {
    arena.slice(offset: offsets[id.index], count: count)
  }
}

/// The addresses of a step's buffers.
struct StepMemory {
  fileprivate let base: UnsafeMutableRawPointer
  let scratch: UnsafeMutableRawPointer
  fileprivate let offsets: [Int]
  fileprivate let slotStrides: [Int]
  fileprivate let slot: Int

  subscript(_ id: BufferID) -> UnsafeMutableRawPointer {
    base + offsets[id.index] + slot * slotStrides[id.index]
  }
}
