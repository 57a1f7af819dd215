import Glibc

/// Aligned memory that its owner lays out; freed with the last reference.
public final class Arena {
  /// The bytes, zeroed at first.
  public let bytes: UnsafeMutableRawBufferPointer

  private static let hugePage = 2 << 20

  /// Allocates.
  /// - Throws: `EngineError.memory` where `byteCount` is negative or over 16 GiB.
  public init(byteCount: Int) throws {
    guard (0...(16 << 30)).contains(byteCount) else { throw EngineError.memory(bytes: byteCount) }
    let isLarge = byteCount >= Self.hugePage
    bytes = .allocate(
      byteCount: max(byteCount, MemoryPlan.alignment),
      alignment: isLarge ? Self.hugePage : MemoryPlan.alignment)
    // Fewer misses in the translation buffer; where there are no huge pages nothing is lost.
    if isLarge { madvise(bytes.baseAddress, byteCount, MADV_HUGEPAGE) }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// A part of the bytes.
  func slice(offset: Int, count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }
}
