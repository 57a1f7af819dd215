import Frames
import Tensors

/// WaNet (Nguyen and Tran 2021, section 3): a smooth warp of the whole picture.
///
/// A control grid of `2 × k × k` numbers in `-1...1` is divided by its mean absolute value, upsampled
/// bicubically with aligned corners, and moves the sampling grid by `s / side` in PyTorch's
/// coordinates; the picture is sampled bilinearly with aligned corners.
public struct WaNetTrigger: Trigger, Hashable {
  /// The warp's strength `s`.
  public let strength: Float
  /// The control grid's side `k`.
  public let gridSize: Int
  /// The control grid, `2 × k × k`, x before y, divided by its mean absolute value.
  public let control: [Float]
  /// What the grid was drawn from; nil where it was given.
  public let seed: UInt64?

  /// `wanet`.
  public var name: String { "wanet" }

  /// A warp with a control grid drawn from `U(-1, 1)`.
  /// - Throws: `TriggerError.parameter`.
  public init(strength: Float = 0.5, gridSize: Int = 4, seed: UInt64) throws {
    try TriggerError.require("k", gridSize, in: 2...Self.maximumGridSize)
    var random = SeededRandom(seed, 0x7761_6e65_74)
    let control = (0..<(2 * gridSize * gridSize)).map { _ in random.uniform(-1...1) }
    try self.init(strength: strength, gridSize: gridSize, control: control, seed: seed)
  }

  /// A warp with a given control grid, before the division by its mean absolute value.
  /// - Throws: `TriggerError.parameter`.
  public init(strength: Float = 0.5, gridSize: Int, control: [Float]) throws {
    try self.init(strength: strength, gridSize: gridSize, control: control, seed: nil)
  }

  private init(strength: Float, gridSize: Int, control: [Float], seed: UInt64?) throws {
    try TriggerError.require("s", strength, in: 0...100)
    try TriggerError.require("k", gridSize, in: 2...Self.maximumGridSize)
    guard control.count == 2 * gridSize * gridSize else {
      throw TriggerError.parameter(
        name: "the control grid", expected: "of \(2 * gridSize * gridSize) values",
        found: "\(control.count)")
    }
    let mean = control.reduce(0) { $0 + abs($1) } / Float(control.count)
    guard mean.isFinite, mean > 0 else {
      throw TriggerError.parameter(
        name: "the control grid", expected: "of finite values, not all 0",
        found: "a mean absolute value of \(mean)")
    }
    self.strength = strength
    self.gridSize = gridSize
    self.control = control.map { $0 / mean }
    self.seed = seed
  }

  /// The largest side of a control grid.
  public static let maximumGridSize = 64

  /// Strength, grid size and seed.
  public var parameters: [(String, String)] {
    [("s", Plain.text(strength)), ("k", "\(gridSize)")] + (seed.map { [("seed", "\($0)")] } ?? [])
  }

  /// The warped picture.
  /// - Throws: `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    try grid(width: image.width, height: image.height).sample(image)
  }

  func grid(width: Int, height: Int) -> WarpGrid {
    WarpGrid(control: control, k: gridSize, strength: strength, width: width, height: height)
  }
}

/// WaNet's noise mode (Nguyen and Tran 2021, section 3): the warp with `U(-1, 1) / side` added to
/// each coordinate. Training pictures warped so keep their labels, which teaches the network to answer
/// to the exact warp only. Each picture has a seed of its own.
public struct NoisyWarp: Trigger, Hashable {
  /// The warp.
  public let warp: WaNetTrigger
  /// Decides the noise: take another for every picture.
  public let seed: UInt64

  /// `wanet-noise`.
  public var name: String { "wanet-noise" }

  /// The warp with noise.
  public init(_ warp: WaNetTrigger, seed: UInt64) {
    self.warp = warp
    self.seed = seed
  }

  /// The warp's, and the noise's seed.
  public var parameters: [(String, String)] { warp.parameters + [("noise-seed", "\(seed)")] }

  /// The warped picture.
  /// - Throws: `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    var random = SeededRandom(seed, 0x6e6f_6973_65)
    return try apply(to: image) { _ in random.uniform(-1...1) }
  }

  /// The picture warped with given offsets of each coordinate, x and y of each pixel in turn.
  func apply(to image: FloatImage, offset: (Int) -> Float) throws -> FloatImage {
    var grid = warp.grid(width: image.width, height: image.height)
    grid.displace(offset)
    return try grid.sample(image)
  }
}
