import Foundation
import Frames

/// SIG (Barni et al. 2019): a sinusoid over the columns, `x + Δ·sin(2π·j·f/w)`, clamped to
/// `0...1`.
public struct SIGTrigger: Trigger, Hashable {
  /// Periods over the width.
  public let frequency: Float
  /// The amplitude Δ in units of 1/255.
  public let delta: Float
  /// The signal's share `r` as an image that is blended in, `(1 - r) · x + r · Δ·sin(…)`; nil: it is
  /// added as defined.
  ///
  /// CBD (appendix A.1) writes of a ratio of 0.3 without a formula; this is how public code blends. It
  /// makes pictures darker by `r`, and leaves `r · Δ` of the sinusoid.
  public let blend: Float?

  /// `sig`.
  public var name: String { "sig" }

  /// A sinusoid.
  /// - Throws: `TriggerError.parameter`.
  public init(frequency: Float = 6, delta: Float = 20, blend: Float? = nil) throws {
    try TriggerError.require("frequency", frequency, in: 0.01...4096)
    try TriggerError.require("delta", delta, in: 0...255)
    if let blend { try TriggerError.require("blend", blend, in: 0...1) }
    self.frequency = frequency
    self.delta = delta
    self.blend = blend
  }

  /// Frequency, delta and the ratio.
  public var parameters: [(String, String)] {
    [("frequency", Plain.text(frequency)), ("delta", Plain.text(delta))]
      + (blend.map { [("blend", Plain.text($0))] } ?? [])
  }

  /// The picture with the sinusoid.
  /// - Throws: `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    let width = image.width
    let signal = (0..<width).map { column in
      delta / 255 * sin(2 * Float.pi * Float(column) * frequency / Float(width))
    }
    let (own, share): (Float, Float) = blend.map { (1 - $0, $0) } ?? (1, 1)
    return try image.mapped { value, index in
      clampedToUnit(own * value + share * signal[index / 3 % width])
    }
  }
}

/// A sinusoid of any direction, `x + Δ·sin(2π·(fx·j/w + fy·i/h) + φ)`, clamped to `0...1`: what a
/// trigger like SIG may look like when nobody knows which.
public struct SinusoidTrigger: Trigger, Hashable {
  /// Periods over the width and over the height.
  public let horizontal, vertical: Float
  /// The phase φ in radians.
  public let phase: Float
  /// The amplitude Δ in units of 1/255.
  public let delta: Float

  /// `sinusoid`.
  public var name: String { "sinusoid" }

  /// A sinusoid.
  /// - Throws: `TriggerError.parameter`.
  public init(horizontal: Float, vertical: Float, phase: Float = 0, delta: Float) throws {
    try TriggerError.require("horizontal", horizontal, in: -4096...4096)
    try TriggerError.require("vertical", vertical, in: -4096...4096)
    try TriggerError.require("phase", phase, in: -1000...1000)
    try TriggerError.require("delta", delta, in: 0...255)
    self.horizontal = horizontal
    self.vertical = vertical
    self.phase = phase
    self.delta = delta
  }

  /// Frequencies, phase and delta.
  public var parameters: [(String, String)] {
    [
      ("horizontal", Plain.text(horizontal)), ("vertical", Plain.text(vertical)),
      ("phase", Plain.text(phase)), ("delta", Plain.text(delta)),
    ]
  }

  /// The picture with the sinusoid.
  /// - Throws: `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    let (width, height) = (image.width, image.height)
    let signal = (0..<(width * height)).map { pixel in
      let (row, column) = pixel.quotientAndRemainder(dividingBy: width)
      let periods =
        horizontal * Float(column) / Float(width) + vertical * Float(row) / Float(height)
      return delta / 255 * sin(2 * Float.pi * periods + phase)
    }
    return try image.mapped { value, index in clampedToUnit(value + signal[index / 3]) }
  }
}
