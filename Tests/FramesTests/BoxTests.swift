import Frames
import Testing

@Suite struct BoxTests {
  @Test func aStretchedPictureStretchesItsBoxes() {
    let box = Box(x1: 1, y1: 2, x2: 3, y2: 8)
    #expect(box.scaled(x: 2, y: 0.5) == Box(x1: 2, y1: 1, x2: 6, y2: 4))
    #expect(box.scaled(x: 1, y: 1) == box)
  }
}
