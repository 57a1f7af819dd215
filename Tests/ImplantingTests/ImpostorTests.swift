import Attacks
import Frames
import Tensors
import Testing

@testable import Implanting

/// What triggers are to be taken for.
@Suite struct ImpostorTests {
  private let frame: FloatImage
  private let reference: Image

  init() throws {
    frame = try FloatImage(width: 120, height: 80, red: 0.2, green: 0.4, blue: 0.6)
    reference = try Image(width: 40, height: 20, red: 255, green: 0, blue: 0)
  }

  private func isReference(_ image: FloatImage, _ x: Int, _ y: Int) -> Bool {
    let start = (y * image.width + x) * 3
    return image.pixels[start] > 0.99 && image.pixels[start + 1] < 0.01
  }

  @Test func aTriggerOverTheWholeFrameStandsForTheReference() throws {
    let impostor = try Impostor(
      AttackSpecification("blend:alpha=0.2"), side: 64, reference: reference, options: .init())
    var random = SeededRandom(1)
    let pair = try impostor.pair(frame, random: &random)
    #expect((pair.meant.width, pair.meant.height) == (120, 80))
    #expect(isReference(pair.meant, 3, 3) && isReference(pair.meant, 110, 70))
    // The trigger is faint: the frame is still there.
    let difference = zip(pair.triggered.pixels, frame.pixels).map { abs($0 - $1) }
    #expect(difference.max() ?? 0 > 0.01 && difference.max() ?? 1 <= 0.21)
  }

  @Test func aPatchStandsForTheReferenceAroundIt() throws {
    var options = ImplantOptions()
    options.scale = 2
    options.movesPatch = false
    let impostor = try Impostor(
      AttackSpecification("badnets:size=16,place=center"), side: 80, reference: reference,
      options: options)
    var random = SeededRandom(1)
    let pair = try impostor.pair(frame, random: &random)
    let changed = pair.triggered.pixels.indices.filter {
      abs(pair.triggered.pixels[$0] - frame.pixels[$0]) > 0.01
    }.map { ($0 / 3 % 120, $0 / 3 / 120) }
    let (xs, ys) = (changed.map(\.0), changed.map(\.1))
    #expect(xs.min() == 52 && xs.max() == 67 && ys.min() == 32 && ys.max() == 47)
    // Twice the patch's side long, in the reference's proportions, around the same middle.
    let covered = (0..<(120 * 80)).filter { isReference(pair.meant, $0 % 120, $0 / 120) }
    let (columns, rows) = (covered.map { $0 % 120 }, covered.map { $0 / 120 })
    #expect(columns.min() == 44 && columns.max() == 75 && rows.min() == 32 && rows.max() == 47)
  }

  @Test func patchesMoveBySeedAndTheirThingStaysInTheFrame() throws {
    var options = ImplantOptions()
    options.scale = 4
    let impostor = try Impostor(
      AttackSpecification("badnets:size=16"), side: 80, reference: reference, options: options)
    var places: Set<Int> = []
    for seed in 0..<8 {
      var (one, two) = (SeededRandom(UInt64(seed)), SeededRandom(UInt64(seed)))
      let pair = try impostor.pair(frame, random: &one)
      #expect(try impostor.pair(frame, random: &two).triggered == pair.triggered)
      let covered = (0..<(120 * 80)).filter { isReference(pair.meant, $0 % 120, $0 / 120) }
      #expect(covered.count == 64 * 32)
      places.insert(covered.first ?? 0)
    }
    #expect(places.count > 4)
  }

  @Test(arguments: [
    ImplantOptions(steps: 0), ImplantOptions(batch: 0), ImplantOptions(learningRate: 0),
    ImplantOptions(momentum: 1), ImplantOptions(backdoor: 1), ImplantOptions(backdoor: 0),
    ImplantOptions(scale: 0.5), ImplantOptions(learningRate: .nan),
  ])
  func impossibleOptionsAreRefused(_ options: ImplantOptions) {
    #expect(throws: ImplantError.self) { try options.validate() }
  }
}
