import Foundation
import Frames

// The kernels again, straight from their definitions, as short as they get: what the fast ones are
// compared with.

/// f32 to bf16, to nearest even.
func plainBF16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(truncatingIfNeeded: (bits | 0x40_0000) >> 16) }
  let half = bits & 0xffff
  let up = half > 0x8000 || (half == 0x8000 && bits & 0x1_0000 != 0)
  return UInt16(truncatingIfNeeded: (bits >> 16) + (up ? 1 : 0))
}

/// bf16 to f32, which is exact.
func plainFloat(_ value: UInt16) -> Float { Float(bitPattern: UInt32(value) << 16) }

/// The normalised, resized and padded tensor of an image, `[height, width, 3]`.
func plainPreprocess(
  _ image: Image, mean: [Float], std: [Float], resized: (width: Int, height: Int),
  padded: (width: Int, height: Int)
) -> [Float] {
  func pixel(_ x: Int, _ y: Int, _ c: Int) -> Float {
    (Float(image.pixels[3 * (y * image.width + x) + c]) / 255 - mean[c]) / std[c]
  }
  func position(_ at: Int, _ from: Int, _ to: Int) -> (Int, Int, Float) {
    // One rounding, as in torch's builds with fused operations.
    let source = max(0, Float(-0.5).addingProduct(Float(from) / Float(to), Float(at) + 0.5))
    let lower = min(Int(source), from - 1)
    return (lower, min(lower + 1, from - 1), source - Float(lower))
  }
  var tensor = [Float](repeating: 0, count: 3 * padded.width * padded.height)
  for y in 0..<resized.height {
    let (y0, y1, v) = position(y, image.height, resized.height)
    for x in 0..<resized.width {
      let (x0, x1, u) = position(x, image.width, resized.width)
      for c in 0..<3 {
        tensor[3 * (y * padded.width + x) + c] =
          (1 - v) * ((1 - u) * pixel(x0, y0, c) + u * pixel(x1, y0, c))
          + v * ((1 - u) * pixel(x0, y1, c) + u * pixel(x1, y1, c))
      }
    }
  }
  return tensor
}

/// RoIAlign of one box on one map `[height, width, channels]`, as torchvision's kernel does it.
func plainRoIAlign(
  _ map: [Float], height: Int, width: Int, channels: Int, box: [Float], scale: Float, bins: Int,
  samplingRatio: Int, aligned: Bool
) -> [Float] {
  let shift: Float = aligned ? 0.5 : 0
  let startX = box[0] * scale - shift
  let startY = box[1] * scale - shift
  var extentX = box[2] * scale - shift - startX
  var extentY = box[3] * scale - shift - startY
  if !aligned {
    extentX = max(extentX, 1)
    extentY = max(extentY, 1)
  }
  let binX = extentX / Float(bins)
  let binY = extentY / Float(bins)
  let samplesX = samplingRatio > 0 ? samplingRatio : max(0, Int(binX.rounded(.up)))
  let samplesY = samplingRatio > 0 ? samplingRatio : max(0, Int(binY.rounded(.up)))

  func bilinear(_ x: Float, _ y: Float, _ c: Int) -> Float {
    guard x >= -1, y >= -1, x <= Float(width), y <= Float(height) else { return 0 }
    let x = min(max(x, 0), Float(width - 1))
    let y = min(max(y, 0), Float(height - 1))
    let x0 = Int(x)
    let y0 = Int(y)
    let x1 = min(x0 + 1, width - 1)
    let y1 = min(y0 + 1, height - 1)
    let u = x - Float(x0)
    let v = y - Float(y0)
    func cell(_ x: Int, _ y: Int) -> Float { map[(y * width + x) * channels + c] }
    return (1 - v) * ((1 - u) * cell(x0, y0) + u * cell(x1, y0))
      + v * ((1 - u) * cell(x0, y1) + u * cell(x1, y1))
  }

  var output: [Float] = []
  for by in 0..<bins {
    for bx in 0..<bins {
      for c in 0..<channels {
        var sum: Float = 0
        for sy in 0..<samplesY {
          let y = startY + Float(by) * binY + (Float(sy) + 0.5) * binY / Float(samplesY)
          for sx in 0..<samplesX {
            let x = startX + Float(bx) * binX + (Float(sx) + 0.5) * binX / Float(samplesX)
            sum += bilinear(x, y, c)
          }
        }
        output.append(sum / Float(max(samplesX * samplesY, 1)))
      }
    }
  }
  return output
}

/// Greedy suppression of boxes that come best first: indices of those that stay.
func plainNMS(_ boxes: [Float], threshold: Double, limit: Int) -> [Int] {
  func area(_ i: Int) -> Float {
    (boxes[4 * i + 2] - boxes[4 * i]) * (boxes[4 * i + 3] - boxes[4 * i + 1])
  }
  var kept: [Int] = []
  for i in 0..<(boxes.count / 4) where kept.count < limit {
    let overlaps = kept.contains { k in
      let width = min(boxes[4 * i + 2], boxes[4 * k + 2]) - max(boxes[4 * i], boxes[4 * k])
      let height =
        min(boxes[4 * i + 3], boxes[4 * k + 3]) - max(boxes[4 * i + 1], boxes[4 * k + 1])
      let intersection = max(0, width) * max(0, height)
      return Double(intersection / (area(k) + area(i) - intersection)) > threshold
    }
    if !overlaps { kept.append(i) }
  }
  return kept
}

/// Indices of the k greatest values, greatest first, ties by index, NaN last.
func plainTopK(_ values: [Float], _ k: Int) -> [Int] {
  let sorted = values.indices.sorted { a, b in
    if values[a].isNaN || values[b].isNaN {
      return values[a].isNaN == values[b].isNaN ? a < b : values[b].isNaN
    }
    return values[a] == values[b] ? a < b : values[a] > values[b]
  }
  return Array(sorted.prefix(k))
}

/// Softmax of each row, in f64.
func plainSoftmax(_ logits: [Float], columns: Int) -> [Float] {
  stride(from: 0, to: logits.count, by: columns).flatMap { start in
    let row = logits[start..<(start + columns)].map(Double.init)
    let greatest = row.max() ?? 0
    let powers = row.map { exp($0 - greatest) }
    let sum = powers.reduce(0, +)
    return powers.map { Float($0 / sum) }
  }
}
