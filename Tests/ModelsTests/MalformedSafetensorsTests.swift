import Testing

@testable import Models

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
private struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct MalformedSafetensorsTests {
  private static let data = [UInt8](repeating: 0, count: 32)

  private func problem(_ bytes: [UInt8]) throws -> SafetensorsError.Problem? {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "x.safetensors")
    do {
      _ = try SafetensorsReader(path: path)
      return nil
    } catch let error as SafetensorsError {
      return error.problem
    }
  }

  private func problem(_ header: String) throws -> SafetensorsError.Problem? {
    try problem(safetensors(header: header, data: Self.data))
  }

  @Test func readsTheHonestOnes() throws {
    #expect(
      try problem(
        #"{"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"#
          + #""a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}   "#) == nil)
  }

  @Test(arguments: [
    // Overlap, hole, end before the file's, end behind it, backwards.
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[5],"data_offsets":[12,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[3],"data_offsets":[20,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
    #"{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#,
    #"{"a":{"dtype":"F32","shape":[8],"data_offsets":[32,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[7],"data_offsets":[4,32]}}"#,
    // Shapes that do not fit, are negative, overflow, or overflow and vanish again.
    #"{"a":{"dtype":"F32","shape":[7],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[-8],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387912],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[8.0],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,32]}}"#,
    // Types, keys, duplicates.
    #"{"a":{"dtype":"F8_E4M3","shape":[32],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":1,"shape":[8],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":8,"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[8],"data_offsets":[32]}}"#,
    #"{"a":{"dtype":"F32","shape":[8]}}"#,
    #"{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32],"more":1}}"#,
    #"{"a":{"dtype":"F32","dtype":"F32","shape":[8],"data_offsets":[0,32]}}"#,
    #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}"#,
    #"{"a":[]}"#,
    #"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}"#,
    #"{"__metadata__":"x","a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}"#,
    // Not a header.
    "{}", " {}", "[]", "{", "{}x", "null",
  ])
  func refuses(header: String) throws {
    #expect(try problem(header) != nil, "\(header)")
  }

  @Test func refusesLengthsThatCannotBe() throws {
    for length: UInt64 in [0, 1, 3, 1 << 20, 1 << 32, .max, .max - 7, 1 << 63] {
      let found = try problem(safetensors(header: "{}", length: length))
      #expect(found == .headerLength(found: length, limit: 2))
    }
    for count in 0..<10 { #expect(try problem([UInt8](repeating: 0, count: count)) != nil) }
  }

  /// 1,000 variants of an honest file: each is refused with a typed error, or reads as tensors
  /// that fill its data exactly.
  @Test func survivesAThousandVariants() throws {
    let folder = try TemporaryFolder()
    let header =
      #"{"__metadata__":{"format":"pt"},"conv1.weight":{"dtype":"F32","shape":[2,2,1,1],"#
      + #""data_offsets":[0,16]},"bn1.bias":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},"#
      + #""fc":{"dtype":"BF16","shape":[2,2],"data_offsets":[24,32]},"#
      + #""n":{"dtype":"I64","shape":[],"data_offsets":[32,40]}}    "#
    let honest = safetensors(header: header, data: (0..<40).map { UInt8($0) })
    var generator = Generator(state: 2)
    var refused = 0
    var read = 0
    for variant in 0..<1000 {
      let bytes = Self.mutated(honest, variant: variant, using: &generator)
      let path = try folder.write(bytes, to: "x.safetensors")
      do {
        let reader = try SafetensorsReader(path: path)
        #expect(reader.entries.reduce(0) { $0 + $1.range.count } <= bytes.count - 10)
        for entry in reader.entries {
          let count = entry.shape.reduce(1, *)
          if entry.type.isFloatingPoint {
            #expect(try reader.tensor(entry.name).count == count)
          } else {
            #expect(try reader.integers(entry.name).count == count)
          }
        }
        read += 1
      } catch is SafetensorsError {
        refused += 1
      }
    }
    #expect(refused + read == 1000)
    // Some variants are harmless (another name, another value); most are not.
    #expect(refused > 600, "only \(refused) refused")
    #expect(read > 20, "only \(read) read")
  }

  private static func mutated(
    _ honest: [UInt8], variant: Int, using generator: inout Generator
  ) -> [UInt8] {
    var bytes = honest
    let dataStart = honest.count - 40
    switch variant % 8 {
    case 0:  // one bit of the header's text
      bytes[.random(in: 8..<dataStart, using: &generator)] ^=
        UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
    case 1:  // a few bytes anywhere
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[.random(in: bytes.indices, using: &generator)] = .random(
          in: .min ... .max, using: &generator)
      }
    case 2:  // another length
      let length =
        UInt64.random(in: .min ... .max, using: &generator)
        >> UInt64.random(in: 0..<63, using: &generator)
      for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    case 3:  // cut short
      bytes.removeLast(.random(in: 1...bytes.count, using: &generator))
    case 4:  // something behind
      bytes += (0..<Int.random(in: 1...64, using: &generator)).map { UInt8($0) }
    case 5:  // another digit: offsets and shapes
      let digits = (8..<dataStart).filter { (0x30...0x39).contains(honest[$0]) }
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        bytes[digits[.random(in: digits.indices, using: &generator)]] = .random(
          in: 0x30...0x39, using: &generator)
      }
    case 6:  // a huge number in place of a digit, the length put right
      let digits = (8..<dataStart).filter { (0x30...0x39).contains(honest[$0]) }
      let place = digits[.random(in: digits.indices, using: &generator)]
      let number = UInt64.random(in: .min ... .max, using: &generator)
      bytes.replaceSubrange(place...place, with: Array(String(number).utf8))
      setLength(&bytes)
    default:  // a piece of the header taken out or doubled, the length put right
      let start = Int.random(in: 8..<dataStart, using: &generator)
      let end = Int.random(in: start..<dataStart, using: &generator)
      if variant % 16 < 8 {
        bytes.removeSubrange(start..<end)
      } else {
        bytes.insert(contentsOf: honest[start..<end], at: start)
      }
      setLength(&bytes)
    }
    return bytes
  }

  private static func setLength(_ bytes: inout [UInt8]) {
    let length = UInt64(bytes.count - 48)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
  }
}
