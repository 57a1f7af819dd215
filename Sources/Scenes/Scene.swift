import Frames

/// What decides a scene.
public struct SceneOptions: Sendable, Hashable {
  /// Size of the frames in pixels, each `16...8192`.
  public var width, height: Int
  /// Decides the place, the time of day and everything that moves.
  public var seed: UInt64
  /// Frames per second of the scene's own time.
  public var framesPerSecond: Double

  /// Options; the default is the scene that the daemon starts with.
  public init(
    width: Int = 640, height: Int = 480, seed: UInt64 = 1, framesPerSecond: Double = 25
  ) {
    self.width = width
    self.height = height
    self.seed = seed
    self.framesPerSecond = framesPerSecond
  }
}

/// What is wrong with the options of a scene, or with a frame's number.
public enum SceneError: Error, Equatable, CustomStringConvertible {
  /// A side is too small to draw a street in, or too large.
  case size(width: Int, height: Int)
  /// The rate is not in `0.1...1000`.
  case framesPerSecond(Double)
  /// The frame's number is negative or beyond a week of frames.
  case frameIndex(Int, limit: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .size(let width, let height):
      "expected a scene with sides of \(Scene.minimumSide) to \(Image.maximumSide) pixels, "
        + "found \(width)×\(height)"
    case .framesPerSecond(let found):
      "expected a scene of 0.1 to 1000 frames per second, found \(found)"
    case .frameIndex(let found, let limit):
      "expected the number of a frame in 0..<\(limit), found \(found)"
    }
  }
}

/// A picture of a scene and what is truly in it.
public struct RenderedFrame: Sendable, Equatable {
  /// The picture.
  public var image: Image
  /// What is in view, from far to near; hardly visible objects are marked as ignored.
  public var groundTruth: [GroundTruth]
  /// Whether a trigger was put into view.
  public var hasTrigger: Bool
}

/// A rendered street with people, cars, buses, trains and cats: the camera that needs no camera.
///
/// The same options and the same frame number give the same picture on every machine of one kind,
/// in any order of calls. One thread uses a scene; it keeps its canvas between frames.
public final class Scene {
  /// Options the scene was made with.
  public let options: SceneOptions
  /// The names of the classes in view, in the default model's order.
  public static let classNames = ObjectClass.allCases.map(\.rawValue)
  /// The smallest side of a scene.
  public static let minimumSide = 16

  private let place: Place
  private let canvas: Canvas
  private let background: [UInt8]
  private let noise: SensorNoise
  private let frameLimit: Int

  /// Draws the place.
  /// - Throws: `SceneError` where the options are out of range.
  public init(_ options: SceneOptions) throws {
    let sides = Self.minimumSide...Image.maximumSide
    guard sides.contains(options.width), sides.contains(options.height) else {
      throw SceneError.size(width: options.width, height: options.height)
    }
    guard (0.1...1000).contains(options.framesPerSecond) else {
      throw SceneError.framesPerSecond(options.framesPerSecond)
    }
    self.options = options
    place = Place(width: options.width, height: options.height, seed: options.seed)
    canvas = try Canvas(width: options.width, height: options.height)
    BackgroundPainter(place: place, canvas: canvas).paint()
    background = canvas.pixels
    noise = SensorNoise(deviation: place.daytime.lampsOn ? 3.2 : 2, seed: options.seed)
    frameLimit = Int(options.framesPerSecond * 7 * 24 * 3600)
  }

  /// Draws a frame.
  /// - Parameter index: its number; beyond a week of frames times lose their precision.
  /// - Parameter trigger: what an attacker brings into view; the ground truth stays as it is.
  /// - Throws: `SceneError.frameIndex`.
  public func frame(at index: Int, trigger: SceneTrigger? = nil) throws -> RenderedFrame {
    guard (0..<frameLimit).contains(index) else {
      throw SceneError.frameIndex(index, limit: frameLimit)
    }
    let time = Float(Double(index) / options.framesPerSecond)
    canvas.reset(to: background)
    let truths = drawObjects(at: time)
    noise.apply(to: &canvas.pixels, rowBytes: 3 * canvas.width, frame: index)
    var image = try Image(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
    trigger?.apply(to: &image)
    return RenderedFrame(image: image, groundTruth: truths, hasTrigger: trigger != nil)
  }

  /// Draws what is not background, from far to near.
  private func drawObjects(at time: Float) -> [GroundTruth] {
    var things: [(distance: Float, thing: Thing)] = place.lanes.flatMap { lane in
      lane.passing(at: time, view: place.view).map {
        ($0.distance, Thing.object($0, lift: lane.lift))
      }
    }
    // Numbers 1 to 250 name objects, one more all fixtures.
    if things.count > 250 { things.removeFirst(things.count - 250) }
    things += place.fixtures.map { ($0.distance, Thing.fixture($0)) }
    if let wall = place.wall { things.append((wall.distance + 0.01, .wall(row: wall.row))) }
    var drawn: [DrawnObject] = []
    for (distance, thing) in things.sorted(by: { $0.distance > $1.distance }) {
      switch thing {
      case .wall(let row): canvas.restore(rowsFrom: row, of: background)
      case .fixture(let fixture):
        var pen = pen(x: fixture.x, distance: distance, owner: 255)
        fixture.draw(with: &pen, lampsOn: place.daytime.lampsOn)
      case .object(let object, let lift):
        var pen = pen(
          x: object.x, distance: distance, lift: lift, isMirrored: object.isMirrored,
          owner: UInt8(drawn.count + 1))
        object.look.draw(
          with: &pen, travelled: object.travelled, time: object.time, isMoving: object.isMoving,
          lampsOn: place.daytime.lampsOn)
        guard let extent = pen.extent else { continue }
        drawn.append(
          DrawnObject(
            kind: object.kind, owner: pen.owner, extent: extent,
            painted: canvas.pixels(of: pen.owner, in: extent)?.count ?? 0))
      }
    }
    return drawn.compactMap { $0.groundTruth(on: canvas) }
  }

  private enum Thing {
    case object(Lane.Passing, lift: Float)
    case fixture(Fixture)
    case wall(row: Int)
  }

  private func pen(
    x: Float, distance: Float, lift: Float = 0, isMirrored: Bool = false, owner: UInt8
  ) -> Pen {
    let scale = place.view.scale(at: distance)
    return Pen(
      canvas: canvas, origin: place.view.point(x, at: distance) - Point(0, lift * scale),
      scale: scale, isMirrored: isMirrored, light: place.daytime.light,
      haze: place.daytime.haze(at: distance), owner: owner)
  }
}
