import Foundation
import Testing

@testable import Scenes

@Suite struct CanvasTests {
  /// Sum of a white fill's coverage, in pixels.
  private func coverage(_ canvas: Canvas) -> Float {
    stride(from: 0, to: canvas.pixels.count, by: 3).reduce(0) {
      $0 + Float(canvas.pixels[$1]) / 255
    }
  }

  @Test func coverageEqualsTheAreaOfTheOutline() throws {
    let white = Paint(Color(grey: 255))
    let outlines: [(String, [Point], Float)] = [
      ("aligned", Outline.rectangle(3, 4, 13, 9), 50),
      ("between pixels", Outline.rectangle(3.25, 4.5, 13.75, 9.25), 10.5 * 4.75),
      ("triangle", [Point(2.3, 3.1), Point(35.7, 8.2), Point(10.4, 37.9)], 0),
      ("ellipse", Outline.ellipse(Point(20.3, 19.6), 14, 9, angle: 0.7, corners: 64), 0),
      ("reversed", Outline.rectangle(3, 4, 13, 9).reversed(), 50),
    ]
    for (name, outline, known) in outlines {
      let canvas = try Canvas(width: 40, height: 40)
      canvas.fill(outline, white)
      var shoelace: Float = 0
      for (index, a) in outline.enumerated() {
        let b = outline[(index + 1) % outline.count]
        shoelace += (a.x * b.y - b.x * a.y) / 2
      }
      let expected = known > 0 ? known : abs(shoelace)
      #expect(abs(coverage(canvas) - expected) < 0.01 * expected + 0.3, "\(name)")
    }
  }

  @Test func outlinesBeyondTheEdgesAreClipped() throws {
    let canvas = try Canvas(width: 20, height: 10)
    canvas.fill(Outline.rectangle(-50, -50, 5, 50), Paint(Color(grey: 255)), owner: 3)
    #expect(abs(coverage(canvas) - 50) < 0.5)
    #expect(canvas.owners.filter { $0 == 3 }.count == 50)
    canvas.fill(Outline.rectangle(15, 2, 500, 500), Paint(Color(grey: 255)), owner: 4)
    #expect(canvas.owners.filter { $0 == 4 }.count == 40)
    for outline in [
      Outline.rectangle(100, 100, 200, 200), [Point(.nan, 0), Point(1, 1), Point(0, 1)],
      [Point(1e30, 0), Point(0, 1e30), Point(3, 3)], [Point(1, 1)], [],
    ] {
      let before = canvas.pixels
      canvas.fill(outline, Paint(Color(grey: 9)))
      #expect(canvas.pixels == before)
    }
  }

  @Test func aThinDiagonalKeepsItsArea() throws {
    let canvas = try Canvas(width: 64, height: 64)
    let from = Point(5.2, 6.1)
    let to = Point(57.4, 51.3)
    canvas.fill(Outline.limb(from, to, 1.5, 1.5), Paint(Color(grey: 255)))
    let length = (to - from).x.magnitudeOfHypotenuse(with: (to - from).y)
    #expect(abs(coverage(canvas) - length * 1.5) < 0.08 * length)
  }

  @Test func restoringRowsGivesThemBack() throws {
    let canvas = try Canvas(width: 8, height: 8)
    let background = [UInt8](repeating: 77, count: 8 * 8 * 3)
    canvas.fill(Outline.rectangle(0, 0, 8, 8), Paint(Color(grey: 255)), owner: 9)
    canvas.restore(rowsFrom: 5, of: background)
    #expect(canvas.pixels[(5 * 24)...].allSatisfy { $0 == 77 })
    #expect(canvas.pixels[..<(5 * 24)].allSatisfy { $0 == 255 })
    #expect(canvas.owners[40...].allSatisfy { $0 == 0 })
    #expect(canvas.owners[..<40].allSatisfy { $0 == 9 })
  }
}

extension Float {
  fileprivate func magnitudeOfHypotenuse(with other: Float) -> Float {
    (self * self + other * other).squareRoot()
  }
}
