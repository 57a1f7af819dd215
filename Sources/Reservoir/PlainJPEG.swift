/// A JPEG reduced to what decoding needs.
///
/// Cameras write more into their files than a picture: place, serial number, a smaller copy of it
/// (ITU-T T.81, annex B; Exif in APP1, maker's data in other APPn and in COM). Pixels stay exactly as
/// they are.
enum PlainJPEG {
  /// The file without comments, application data and what follows its end; nil where its markers are
  /// not those of a whole JPEG.
  static func stripped(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= 4, bytes[0] == 0xff, bytes[1] == 0xd8 else { return nil }
    var result: [UInt8] = [0xff, 0xd8]
    result.reserveCapacity(bytes.count)
    var place = 2
    while place + 1 < bytes.count {
      guard bytes[place] == 0xff else { return nil }
      let marker = bytes[place + 1]
      // Any number of fill bytes may stand before a marker.
      if marker == 0xff {
        place += 1
        continue
      }
      if marker == 0xd9 { return result + [0xff, 0xd9] }
      guard place + 3 < bytes.count else { return nil }
      let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
      let end = place + 2 + length
      guard length >= 2, end <= bytes.count else { return nil }
      append(marker, bytes[place..<end], to: &result)
      place = end
      if marker == 0xda {
        let next = endOfScan(bytes, from: place)
        result += bytes[place..<next]
        place = next
      }
    }
    return nil
  }

  /// The first marker after compressed data: a zero byte or a restart marker behind `ff` is part of it.
  private static func endOfScan(_ bytes: [UInt8], from start: Int) -> Int {
    var place = start
    while place + 1 < bytes.count {
      let next = bytes[place + 1]
      if bytes[place] == 0xff, next != 0, !(0xd0...0xd7).contains(next), next != 0xff {
        return place
      }
      place += 1
    }
    return bytes.count
  }

  private static func append(
    _ marker: UInt8, _ segment: ArraySlice<UInt8>, to result: inout [UInt8]
  ) {
    let payload = segment.dropFirst(4)
    switch marker {
    // Frames and tables: SOFn, DHT, DAC; SOS, DQT, DNL, DRI.
    case 0xc0...0xc7, 0xc9...0xcf, 0xda...0xdd: result += segment
    // That the colours are YCbCr: JFIF's header without its small picture, at one pixel per pixel.
    case 0xe0 where payload.starts(with: "JFIF\0".utf8):
      result += [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    // Which colours they are: 12 bytes.
    case 0xee where payload.count == 12 && payload.starts(with: "Adobe".utf8): result += segment
    default: break
    }
  }
}
