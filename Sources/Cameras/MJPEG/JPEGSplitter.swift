/// Cuts a stream of bytes into JPEGs by their markers, in whatever pieces the bytes come.
///
/// Whatever stands between pictures (the parts' headers of an HTTP stream, padding) is skipped. The
/// length of a marker segment is believed, so that a thumbnail inside one is not taken for a
/// picture. A picture that breaks off or is too long is dropped and counted, and the search goes on
/// at the next start marker; every byte is looked at once.
struct JPEGSplitter {
  /// Pictures that were dropped, by reason.
  private(set) var refusals = RefusalCounter()
  private let limit: Int
  private var picture: [UInt8] = []
  private var state = State.outside

  private enum State {
    /// Before a start marker; after 0xff; after 0xff 0xd8.
    case outside, outsideFF, started
    /// Where a marker must come; after its 0xff.
    case marker, markerFF
    /// In a segment's length; in its body, with so many bytes left.
    case length(scan: Bool), lengthLow(high: UInt8, scan: Bool), body(left: Int, scan: Bool)
    /// In compressed data; after an 0xff there.
    case compressed, compressedFF
  }

  /// - Parameter limit: bytes of the longest picture.
  init(limit: Int = 16 << 20) { self.limit = limit }

  /// Takes bytes and hands on every picture that they complete.
  mutating func append(_ bytes: UnsafeRawBufferPointer, _ emit: ([UInt8]) throws -> Void) rethrows {
    var index = 0
    while index < bytes.count {
      switch state {
      case .body(let left, let scan):
        let count = min(left, bytes.count - index)
        picture.append(contentsOf: bytes[index..<(index + count)])
        index += count
        state =
          count < left ? .body(left: left - count, scan: scan) : scan ? .compressed : .marker
      case .compressed:
        // Up to and with the next 0xff at once: this is where nearly all bytes are.
        let start = index
        while index < bytes.count, bytes[index] != 0xff { index += 1 }
        if index < bytes.count {
          index += 1
          state = .compressedFF
        }
        picture.append(contentsOf: bytes[start..<index])
      default:
        if step(bytes[index]) {
          let whole = picture
          picture = []
          try emit(whole)
        }
        index += 1
      }
      if picture.count > limit { drop("too-large") }
    }
  }

  /// The stream is over: a picture that has begun will not be completed.
  mutating func finish() {
    switch state {
    case .outside, .outsideFF: break
    default: drop("no-end-marker")
    }
  }

  /// - Returns: whether `picture` is complete.
  private mutating func step(_ byte: UInt8) -> Bool {
    switch state {
    case .outside:
      if byte == 0xff { state = .outsideFF }
      return false
    case .outsideFF:
      state = byte == 0xd8 ? .started : byte == 0xff ? .outsideFF : .outside
      return false
    case .started:
      // 0xffd8 also stands in other data; a picture goes on with a marker.
      guard byte == 0xff else {
        state = .outside
        return false
      }
      picture = [0xff, 0xd8, 0xff]
      state = .markerFF
      return false
    default: break
    }
    picture.append(byte)
    switch state {
    case .marker:
      if byte == 0xff { state = .markerFF } else { drop("no-marker") }
    case .markerFF: return header(byte)
    case .length(let scan): state = .lengthLow(high: byte, scan: scan)
    case .lengthLow(let high, let scan):
      let length = Int(high) << 8 | Int(byte)
      if length < 2 {
        drop("bad-length")
      } else if length == 2 {
        state = scan ? .compressed : .marker
      } else {
        state = .body(left: length - 2, scan: scan)
      }
    case .compressedFF: return compressed(byte)
    default: break
    }
    return false
  }

  /// A marker's code between segments.
  private mutating func header(_ code: UInt8) -> Bool {
    switch code {
    case 0xff: break  // a fill byte
    case 0x01, 0xd0...0xd7: state = .marker
    case 0x00: drop("no-marker")
    case 0xd8: restart()
    case 0xd9: drop("no-scan")
    default: state = .length(scan: code == 0xda)
    }
    return false
  }

  /// The byte after an 0xff in compressed data.
  private mutating func compressed(_ code: UInt8) -> Bool {
    switch code {
    case 0xff: break
    case 0xd9:
      state = .outside
      return true
    case 0xd8: restart()
    // Between the scans of a progressive picture: tables, the next scan, a comment, the height.
    case 0xc4, 0xcc, 0xda...0xdd, 0xe0...0xef, 0xfe: state = .length(scan: code == 0xda)
    // A stuffed 0, a restart marker, or damage, which the decoder will find.
    default: state = .compressed
    }
    return false
  }

  /// A picture begins where the one before has not ended.
  private mutating func restart() {
    drop("no-end-marker")
    state = .started
  }

  private mutating func drop(_ reason: String) {
    refusals.add(reason)
    picture = []
    state = .outside
  }
}
