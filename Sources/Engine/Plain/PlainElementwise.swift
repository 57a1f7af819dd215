/// Which pixel nearest-neighbour enlargement reads: PyTorch's `floor(i · in / out)`.
enum NearestNeighbour {
  /// The source of each of `to` pixels along a side. PyTorch computes in f32; so do we, to pick the
  /// same one where sizes do not divide.
  static func sources(from: Int, to: Int) -> [Int] {
    (0..<to).map { min(Int(Float($0) * (Float(from) / Float(to))), from - 1) }
  }
}

/// Nearest-neighbour enlargement.
final class PlainUpsample<In: Element, Out: Element>: PlainKernel {
  private let from: ActivationShape
  private let to: ActivationShape
  private let rows: [Int]
  private let columns: [Int]

  init(from: ActivationShape, to: ActivationShape) {
    self.from = from
    self.to = to
    rows = NearestNeighbour.sources(from: from.height, to: to.height)
    columns = NearestNeighbour.sources(from: from.width, to: to.width)
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: In.self)
    var target = output.assumingMemoryBound(to: Out.self)
    let channels = to.channels
    for picture in 0..<to.batch {
      for row in rows {
        let line = source + picture * from.features + row * from.width * channels
        for column in columns {
          let pixel = line + column * channels
          for channel in 0..<channels { target[channel] = Out(rounding: pixel[channel].float) }
          target += channels
        }
      }
    }
  }
}

/// A function of one or two inputs, value by value.
final class PlainElementwise<In: Element, Out: Element>: PlainKernel {
  private let count: Int
  private let function: (_ x: Float, _ y: Float, _ index: Int) -> Float

  init(count: Int, function: @escaping (_ x: Float, _ y: Float, _ index: Int) -> Float) {
    self.count = count
    self.function = function
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let first = inputs[0].assumingMemoryBound(to: In.self)
    let second = (inputs.count > 1 ? inputs[1] : inputs[0]).assumingMemoryBound(to: In.self)
    let target = output.assumingMemoryBound(to: Out.self)
    for index in 0..<count {
      target[index] = Out(rounding: function(first[index].float, second[index].float, index))
    }
  }
}
