import Frames
import Tensors
import Testing

@testable import Augmentation

@Suite struct ViewParameterTests {
  private func draws(
    _ augmentation: SimCLRAugmentation, width: Int = 32, height: Int = 32, count: Int = 4000
  ) -> [ViewParameters] {
    var random = SeededRandom(21)
    return (0..<count).map { _ in
      ViewParameters(augmentation, width: width, height: height, random: &random)
    }
  }

  @Test func partsKeepToAreaAndAspect() throws {
    let augmentation = try SimCLRAugmentation(outputSize: 32, cropArea: 0.2...1)
    let windows = draws(augmentation, width: 100, height: 80).map(\.window)
    for window in windows {
      #expect(window.left >= 0 && window.left + window.width <= 100)
      #expect(window.top >= 0 && window.top + window.height <= 80)
      // Sides are rounded to whole pixels.
      let area = Float(window.width * window.height) / 8000
      #expect(area > 0.19 && area <= 1)
      #expect((0.73...1.37).contains(Float(window.width) / Float(window.height)))
    }
    let mean = windows.map { Float($0.width * $0.height) / 8000 }.reduce(0, +) / 4000
    #expect(abs(mean - 0.56) < 0.05)
    // Everywhere: the corners are reached.
    #expect(windows.contains { $0.left == 0 } && windows.contains { $0.top == 0 })
    #expect(windows.contains { $0.left + $0.width == 100 })
    #expect(windows.contains { $0.top + $0.height == 80 })
  }

  @Test func picturesThatNoPartFitsGiveTheirMiddle() throws {
    let augmentation = try SimCLRAugmentation(outputSize: 8, cropArea: 1...1)
    #expect(
      draws(augmentation, width: 60, height: 6, count: 1)[0].window
        == PixelWindow(left: 26, top: 0, width: 8, height: 6))
    #expect(
      draws(augmentation, width: 6, height: 60, count: 1)[0].window
        == PixelWindow(left: 0, top: 26, width: 6, height: 8))
    #expect(
      draws(augmentation, width: 1, height: 1, count: 1)[0].window
        == PixelWindow(left: 0, top: 0, width: 1, height: 1))
  }

  @Test func choicesComeAsOftenAsAsked() throws {
    let drawn = draws(try SimCLRAugmentation(outputSize: 96))
    func share(_ isCounted: (ViewParameters) -> Bool) -> Float {
      Float(drawn.filter(isCounted).count) / Float(drawn.count)
    }
    #expect(abs(share(\.isMirrored) - 0.5) < 0.03)
    #expect(abs(share { $0.colors != InlineChanges() } - 0.8) < 0.03)
    #expect(abs(share(\.isGray) - 0.2) < 0.03)
    #expect(abs(share { $0.sigma != nil } - 0.5) < 0.03)
    #expect(drawn.compactMap(\.sigma).allSatisfy { (0.1...2).contains($0) })
    #expect(draws(try SimCLRAugmentation(outputSize: 64)).allSatisfy { $0.sigma == nil })
  }

  @Test func coloursMoveWithinTheirStrengthInEveryOrder() throws {
    let jitter = JitterStrength(brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1)
    let drawn = draws(try SimCLRAugmentation(outputSize: 32, jitter: jitter, jitterProbability: 1))
    var orders: Set<String> = []
    for parameters in drawn {
      var order = ""
      parameters.colors.forEach { change in
        switch change {
        case .brightness(let factor): order += (0.6...1.4).contains(factor) ? "b" : "?"
        case .contrast(let factor): order += (0.7...1.3).contains(factor) ? "c" : "?"
        case .saturation(let factor): order += (0.8...1.2).contains(factor) ? "s" : "?"
        case .hue(let shift): order += (-0.1...0.1).contains(shift) ? "h" : "?"
        }
      }
      orders.insert(order)
    }
    #expect(orders.count == 24)
    #expect(orders.allSatisfy { $0.sorted() == ["b", "c", "h", "s"] })
    let still = JitterStrength(brightness: 0, contrast: 0, saturation: 0, hue: 0)
    let none = draws(try SimCLRAugmentation(outputSize: 32, jitter: still, jitterProbability: 1))
    #expect(none.allSatisfy { $0.colors == InlineChanges() })
  }

  @Test func refusesParametersOutOfRange() {
    func name(_ make: () throws -> SimCLRAugmentation) -> String? {
      do {
        _ = try make()
        return nil
      } catch {
        guard case .parameter(let name, _, _)? = error as? AugmentationError else { return "?" }
        return name
      }
    }
    #expect(name { try SimCLRAugmentation(outputSize: 32) } == nil)
    #expect(name { try SimCLRAugmentation(outputSize: 0) } == "outputSize")
    #expect(name { try SimCLRAugmentation(outputSize: 1 << 40) } == "outputSize")
    #expect(name { try SimCLRAugmentation(outputSize: 32, cropArea: 0...1) } == "cropArea")
    #expect(name { try SimCLRAugmentation(outputSize: 32, aspect: 1...100) } == "aspect")
    #expect(
      name { try SimCLRAugmentation(outputSize: 32, flipProbability: .nan) } == "flipProbability")
    #expect(
      name { try SimCLRAugmentation(outputSize: 32, jitter: JitterStrength(hue: 0.6)) } == "hue")
    #expect(
      name { try SimCLRAugmentation(outputSize: 32, blurSigma: 0...1) } == "blurSigma")
  }
}
