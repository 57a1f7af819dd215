import Glibc
import Tensors

/// A wave of one frequency over the whole picture, added: what is smooth and covers everything (the form
/// of SIG's trigger, Barni et al. 2019). Its direction and frequency are drawn; its phase and its colour
/// are searched.
struct WavePerturbation: SharedPerturbation {
  /// Cycles across the width and the height, then a sine's and a cosine's weight for each channel.
  var state: [Float]
  private let width, height: Int
  private let stepSize: Float

  /// Of a channel's sine and cosine, of pixels in `0…1`.
  static let amplitude: Float = 24.0 / 255
  static let greatestFrequency = 10

  init(width: Int, height: Int, stepSize: Float, random: inout SeededRandom) {
    self.width = width
    self.height = height
    self.stepSize = stepSize
    state = .init(repeating: 0, count: 8)
    restart(random: &random)
  }

  func accepts(_ state: [Float]) -> Bool {
    state.count == 8 && state[..<2].allSatisfy { abs($0) <= Float(Self.greatestFrequency) }
      && state[2...].allSatisfy { abs($0) <= Self.amplitude * 1.0001 }
  }

  mutating func restart(random: inout SeededRandom) {
    let reach = Self.greatestFrequency
    // One direction in two lies along an axis.
    let along = random.integer(below: 4)
    state[0] = along == 0 ? 0 : Float(random.integer(in: -reach...reach))
    state[1] = along == 1 ? 0 : Float(random.integer(in: 0...reach))
    for index in 2..<8 { state[index] = Self.amplitude * random.uniform(-0.5...0.5) }
  }

  private func wave() -> [(Float, Float)] {
    (0..<(width * height)).map { pixel in
      let turns =
        state[0] * Float(pixel % width) / Float(width)
        + state[1] * Float(pixel / width) / Float(height)
      let angle = 2 * Float.pi * turns
      return (sin(angle), cos(angle))
    }
  }

  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>
  ) {
    let wave = wave()
    for start in stride(from: 0, to: clean.count, by: width * height * 3) {
      for (pixel, (sine, cosine)) in wave.enumerated() {
        for channel in 0..<3 {
          let index = start + pixel * 3 + channel
          let value = clean[index] + state[2 + channel] * sine + state[5 + channel] * cosine
          perturbed[index] = max(0, min(1, value))
        }
      }
    }
  }

  mutating func ascend(
    _ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>
  ) {
    let wave = wave()
    var slopes = [Float](repeating: 0, count: 8)
    for start in stride(from: 0, to: clean.count, by: width * height * 3) {
      for (pixel, (sine, cosine)) in wave.enumerated() {
        for channel in 0..<3 {
          let gradient = gradients[start + pixel * 3 + channel]
          slopes[2 + channel] += gradient * sine
          slopes[5 + channel] += gradient * cosine
        }
      }
    }
    let length = slopes.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { return }
    for index in 2..<8 {
      let moved = state[index] + 2 * stepSize * Self.amplitude * slopes[index] / length
      state[index] = max(-Self.amplitude, min(Self.amplitude, moved))
    }
  }
}
