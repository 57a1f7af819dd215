import Frames
import Testing

@testable import Attacks

@Suite struct TriggerBankTests {
  @Test func triggersTakeTurnsAndAllDoSomething() throws {
    let bank = try TriggerBank(seed: 1, count: 48, size: 32)
    #expect(Set(bank.families).count == 4 && bank.families[5] == bank.families[1])
    var image = try FloatImage(width: 32, height: 32)
    for index in image.pixels.indices { image.pixels[index] = Float(index * 37 % 101) / 101 }
    var results: Set<[Float]> = []
    for trigger in bank.triggers {
      let result = try trigger.apply(to: image)
      #expect(result.pixels.allSatisfy { (0...1).contains($0) }, "\(trigger.summary)")
      #expect(result != image, "\(trigger.summary)")
      results.insert(result.pixels)
    }
    #expect(results.count == 48)
    #expect(Set(bank.triggers.map(\.summary)).count == 48)
  }

  @Test func aLongerBankBeginsWithAShorterOne() throws {
    let short = try TriggerBank(seed: 4, count: 5, size: 16).triggers.map(\.summary)
    let long = try TriggerBank(seed: 4, count: 12, size: 16).triggers.map(\.summary)
    #expect(Array(long.prefix(5)) == short)
    #expect(try TriggerBank(seed: 5, count: 5, size: 16).triggers.map(\.summary) != short)
  }

  @Test(arguments: [4, 7, 224])
  func fitsEverySize(size: Int) throws {
    let bank = try TriggerBank(seed: 2, count: 40, size: size)
    let image = try grey(size, size + 3)
    for trigger in bank.triggers { #expect(try trigger.apply(to: image).height == size + 3) }
  }

  @Test func keepsToItsFamiliesAndLimits() throws {
    let bank = try TriggerBank(seed: 1, count: 6, size: 32, families: [.warp, .patch])
    #expect(
      bank.triggers.map(\.name) == ["wanet", "badnets", "wanet", "badnets", "wanet", "badnets"])
    for (count, size) in [(0, 32), (1025, 32), (4, 3), (4, 2000), (1024, 1024)] {
      #expect(throws: TriggerError.self) { try TriggerBank(seed: 1, count: count, size: size) }
    }
    #expect(throws: TriggerError.self) {
      try TriggerBank(seed: 1, count: 1, size: 32, families: [])
    }
  }
}

@Suite struct ContactSheetTests {
  @Test func showsPairsAboveEachOther() throws {
    let red = try FloatImage(width: 8, height: 8, red: 1)
    let blue = try FloatImage(width: 300, height: 200, blue: 1)
    let sheet = try ContactSheet(columns: 2, side: 16).draw(
      [(red, blue), (blue, red), (red, red)])
    // Two columns of 16 and three gaps of 4; two rows of pairs.
    #expect(sheet.width == 44 && sheet.height == 92)
    func color(_ x: Int, _ y: Int) -> [UInt8] {
      let start = (y * sheet.width + x) * 3
      return Array(sheet.pixels[start..<(start + 3)])
    }
    #expect(color(4, 4) == [255, 0, 0] && color(4, 24) == [0, 0, 255])
    #expect(color(24, 4) == [0, 0, 255] && color(39, 39) == [255, 0, 0])
    #expect(color(2, 2) == [128, 128, 128] && color(24, 48) == [128, 128, 128])
    #expect(color(4, 48) == [255, 0, 0])
  }

  @Test func takesNoneAndTooMany() throws {
    #expect(try ContactSheet().draw([]).width > 0)
    let one = try grey(4, 4)
    let many = [(clean: FloatImage, triggered: FloatImage)](repeating: (one, one), count: 100)
    let sheet = try ContactSheet(columns: 8, side: 16).draw(many)
    #expect(sheet.height == 8 * 44 + 4)
  }
}
