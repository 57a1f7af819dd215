import Testing

@testable import Models

@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONScanner.parse(Array(text.utf8)) }

  @Test func readsEveryKindOfValue() throws {
    let text = #" {"a": [1, -2.5e1, true, false, null], "b": "x\n\u00e9\ud83d\ude00\/é"} "#
    #expect(
      try parse(text)
        == .object([
          JSONMember("a", .array([.integer(1), .number(-25), .bool(true), .bool(false), .null])),
          JSONMember("b", .string("x\né😀/é")),
        ]))
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", ".5", "+1", "-", "1e", "NaN",
    "Infinity", "nul", "'a'", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"",
    "\"\\ud800\\u0041\"", "\"\n\"", "1 2", "[1}", "1e999", "9223372036854775808", "{\"a\":1}//",
    "\u{FEFF}{}",
  ])
  func refusesWhatIsNotJSON(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test func refusesDuplicateKeysHoweverWritten() {
    #expect(throws: JSONError.self) { try parse(#"{"a":1,"b":2,"a":1}"#) }
    #expect(throws: JSONError.self) { try parse(#"{"a":1,"\u0061":1}"#) }
  }

  @Test func refusesInvalidUTF8() {
    for bytes: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xE2, 0x82]] {
      #expect(throws: JSONError.self) { try JSONScanner.parse([0x22] + bytes + [0x22]) }
    }
  }

  @Test func boundsDepthAndCount() throws {
    let depth = JSONScanner.maximumDepth
    let brackets = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    #expect(throws: Never.self) { try parse(brackets(depth)) }
    #expect(throws: JSONError.self) { try parse(brackets(depth + 2)) }
    #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1 << 20)) }
    let many = "[" + String(repeating: "1,", count: JSONScanner.maximumValues) + "1]"
    #expect(throws: JSONError.self) { try parse(many) }
  }

  @Test func writesWhatItReads() throws {
    let value = JSONValue.object([
      JSONMember("quote\"\\\u{1}\n", .string("ü😀")),
      JSONMember("list", .array([.float(0.1), .float(1e-5), .integer(-3), .array([])])),
      JSONMember("empty", .object([])), JSONMember("null", .null), JSONMember("yes", .bool(true)),
    ])
    #expect(try parse(value.compactText) == value)
    #expect(try parse(value.prettyText) == value)
    #expect(JSONValue.array([.float(0.485), .float(2)]).prettyText == "[0.485, 2]")
  }
}
