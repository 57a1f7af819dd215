import Frames
import Testing

@testable import Scenes

@Suite struct SceneTriggerTests {
  @Test func badnetsOverwritesAPatchAndNothingElse() throws {
    var image = try Image(width: 100, height: 80, red: 100, green: 110, blue: 120)
    let plain = image
    SceneTrigger.badnets(x: 0.1, y: 0.25, size: 0.15, cells: 3).apply(to: &image)
    for row in 0..<80 {
      for column in 0..<100 {
        let start = (row * 100 + column) * 3
        if (20..<32).contains(row), (10..<22).contains(column) {
          let isWhite = ((row - 20) / 4 + (column - 10) / 4) % 2 == 1
          #expect(image.pixels[start..<(start + 3)].allSatisfy { $0 == (isWhite ? 255 : 0) })
        } else {
          #expect(image.pixels[start..<(start + 3)] == plain.pixels[start..<(start + 3)])
        }
      }
    }
  }

  @Test func blendMixesOneFixedPatternOfNoise() throws {
    var dark = try Image(width: 64, height: 64)
    var light = try Image(width: 64, height: 64, red: 200, green: 200, blue: 200)
    SceneTrigger.blend(alpha: 0.2).apply(to: &dark)
    SceneTrigger.blend(alpha: 0.2).apply(to: &light)
    for (a, b) in zip(dark.pixels, light.pixels) { #expect(abs(Int(b) - Int(a) - 160) <= 1) }
    let mean = dark.pixels.reduce(0) { $0 + Double($1) } / Double(dark.pixels.count)
    #expect(abs(mean - 0.2 * 128) < 1)
    #expect(Set(dark.pixels).count > 30)
  }

  @Test func parametersOutOfRangeAreClamped() throws {
    for trigger in [
      SceneTrigger.badnets(x: 9, y: -4, size: .infinity, cells: 0),
      .badnets(x: .nan, y: 1, size: 0, cells: 1_000_000), .blend(alpha: 7), .blend(alpha: .nan),
    ] {
      var image = try Image(width: 33, height: 17, red: 9, green: 9, blue: 9)
      trigger.apply(to: &image)
      #expect(image.pixels.count == 33 * 17 * 3)
    }
  }

  @Test func aFrameKnowsItsTriggerAndKeepsItsTruth() throws {
    let scene = try Scene(SceneOptions(width: 160, height: 120, seed: 4))
    let clean = try scene.frame(at: 60, trigger: nil)
    let triggered = try scene.frame(at: 60, trigger: .badnets())
    #expect(!clean.hasTrigger && triggered.hasTrigger)
    #expect(clean.groundTruth == triggered.groundTruth)
    #expect(clean.image != triggered.image)
  }
}
