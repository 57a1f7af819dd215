import Testing

@testable import Reservoir

@Suite struct StoredNameTests {
  @Test func namesSayWhenWhereAndWhat() throws {
    let name = StoredName(milliseconds: 1_732_644_672_345, camera: "front_door.2", hash: 0xabc)
    #expect(name.id == "20241126T181112345Z_front_door.2_0000000000000abc")
    #expect(StoredName(id: name.id) == name)
    for milliseconds in [0, 999, 951_782_400_000, StoredName.range.upperBound] as [Int64] {
      let name = StoredName(milliseconds: milliseconds, camera: "a", hash: .max)
      #expect(StoredName(id: name.id)?.milliseconds == milliseconds)
    }
    #expect(StoredName(milliseconds: -5, camera: "a", hash: 1).milliseconds == 0)
    #expect(
      StoredName(milliseconds: .max, camera: "a", hash: 1).id.hasPrefix("99991231T235959999Z"))
  }

  @Test func otherNamesAreForeign() {
    let right = "20241126T181112345Z_yard_0000000000000abc"
    #expect(StoredName(id: right) != nil)
    for wrong in [
      "", "_", "photo", "20241126T181112345Z__0000000000000abc",
      "20241126T181112345Z_ya rd_0000000000000abc", "20241126T181112345Z_../x_0000000000000abc",
      "20241326T181112345Z_yard_0000000000000abc", "20240230T181112345Z_yard_0000000000000abc",
      "20241126T181112345Z_yard_0000000000000ABC", "20241126T181112345Z_yard_000000000000abc",
      "20241126t181112345Z_yard_0000000000000abc", "+0241126T181112345Z_yard_0000000000000abc",
      "20241126T1811123456_yard_0000000000000abc", right + "0", "x" + right,
      "20241126T181112345Z_\(String(repeating: "y", count: 65))_0000000000000abc",
      "20241126T181112345Z_yärd_0000000000000abc",
    ] {
      #expect(StoredName(id: wrong) == nil, "\(wrong)")
    }
  }

  @Test func camerasOfAnyNameHaveOneThatAFileCanHave() {
    #expect(StoredName.sanitised("Yard-2_b.c") == "Yard-2_b.c")
    let wild = [
      "a b", "a/b", "a-b c", "", "../../etc", "門", String(repeating: "x", count: 300), "a\0b",
    ]
    let tame = wild.map(StoredName.sanitised)
    #expect(Set(tame).count == wild.count)
    for (before, after) in zip(wild, tame) {
      #expect((1...64).contains(after.utf8.count) && after != before)
      // What is sane stays, so that a name is the same after it was read.
      #expect(StoredName.sanitised(after) == after)
      let name = StoredName(milliseconds: 5, camera: before, hash: 7)
      #expect(StoredName(id: name.id) == name)
    }
    #expect(StoredName.sanitised("a/b").hasPrefix("a-b-"))
  }

  @Test func hashIsFNV1a() {
    // Test vectors of the FNV reference (isthe.com/chongo/tech/comp/fnv): "", "a", "foobar".
    #expect(fnv1a([]) == 0xcbf2_9ce4_8422_2325)
    #expect(fnv1a("a".utf8) == 0xaf63_dc4c_8601_ec8c)
    #expect(fnv1a("foobar".utf8) == 0x8594_4171_f739_67e8)
  }
}
