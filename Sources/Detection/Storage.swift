/// Memory that is laid out once and freed with its owner: zeros at first, aligned to cache lines.
final class Storage<Element: BitwiseCopyable> {
  /// All of it.
  let buffer: UnsafeMutableBufferPointer<Element>

  /// Room for `count` elements, all bits zero.
  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    buffer = UnsafeMutableBufferPointer(
      start: raw.bindMemory(to: Element.self, capacity: max(count, 1)), count: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  /// Where it begins. A buffer of at least one element has a base address.
  var pointer: UnsafeMutablePointer<Element> { buffer.baseAddress.unsafelyUnwrapped }

  subscript(index: Int) -> Element {
    get { buffer[index] }
    set { buffer[index] = newValue }
  }
}
