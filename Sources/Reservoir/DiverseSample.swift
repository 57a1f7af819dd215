import Foundation
import Tensors

/// A frame that is held, and what is known of it.
struct HeldFrame: Sendable {
  var entry: ReservoirEntry
  /// Nil until it has been computed from the file.
  var signature: FrameSignature?
  /// The picture, where the reservoir is in memory.
  var jpeg: [UInt8]?
  /// The frame that looks most alike; nil until somebody asks.
  fileprivate var nearest: Neighbour?

  init(entry: ReservoirEntry, signature: FrameSignature? = nil, jpeg: [UInt8]? = nil) {
    self.entry = entry
    self.signature = signature
    self.jpeg = jpeg
  }
}

/// Another frame and how different it looks.
private struct Neighbour: Sendable {
  let id: String
  let powerSum: UInt64
}

/// The frames of a reservoir, and which of them it would miss least.
///
/// Crowded is the frame whose camera has the most frames in the same hour; among such, the one with
/// the most on the same day, then in the same hour of all days, then of its camera at all. Of the most
/// crowded ones goes the one that another frame resembles most, and of a pair the one that the seed
/// says. So with few frames the hours are evened out, with more hours than frames the days and the
/// hours of the day, and within each what looks different stays.
struct DiverseSample: Sendable {
  /// In the order of their ids, which is that of their dates.
  private(set) var frames: [HeldFrame] = []
  /// The sum of their sizes.
  private(set) var bytes = 0

  /// A frame dated so many seconds ahead of now was kept while the clock was wrong.
  static let futureTolerance = 3600.0

  /// Where a frame is.
  func index(of id: String) -> Int? {
    let index = position(of: id)
    return index < frames.count && frames[index].entry.id == id ? index : nil
  }

  /// The first place whose id is not below.
  private func position(of id: String) -> Int {
    var (low, high) = (0, frames.count)
    while low < high {
      let middle = (low + high) / 2
      if frames[middle].entry.id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Adds a frame; its id is new.
  mutating func insert(_ frame: HeldFrame) {
    bytes += frame.entry.bytes
    let index = position(of: frame.entry.id)
    frames.insert(frame, at: index)
    if let signature = frame.signature { updateNeighbours(of: index, signature) }
  }

  /// Learns what a frame looks like.
  mutating func setSignature(_ signature: FrameSignature, of id: String) {
    guard let index = index(of: id) else { return }
    frames[index].signature = signature
    updateNeighbours(of: index, signature)
  }

  /// Takes a frame out.
  mutating func remove(_ id: String) {
    guard let index = index(of: id) else { return }
    bytes -= frames[index].entry.bytes
    frames.remove(at: index)
    for index in frames.indices where frames[index].nearest?.id == id {
      frames[index].nearest = nil
    }
  }

  private mutating func updateNeighbours(of index: Int, _ signature: FrameSignature) {
    let id = frames[index].entry.id
    for other in frames.indices where other != index {
      guard let nearest = frames[other].nearest, let theirs = frames[other].signature else {
        continue
      }
      let powerSum = theirs.powerSum(to: signature, below: nearest.powerSum)
      if powerSum < nearest.powerSum {
        frames[other].nearest = Neighbour(id: id, powerSum: powerSum)
      }
    }
  }

  /// The newest frame that is nearer to a signature than a power sum: what a camera sees now it mostly
  /// saw a short while ago.
  func twin(of signature: FrameSignature, below limit: UInt64) -> String? {
    frames.last { frame in
      (frame.signature?.powerSum(to: signature, below: limit) ?? .max) < limit
    }?.entry.id
  }

  /// The frame that looks most like one of the sample.
  private func nearest(to signature: FrameSignature, except index: Int) -> Neighbour? {
    var best: Neighbour?
    for (place, frame) in frames.enumerated() where place != index {
      guard let theirs = frame.signature else { continue }
      let bound = best?.powerSum ?? .max
      let powerSum = theirs.powerSum(to: signature, below: bound)
      if powerSum < bound { best = Neighbour(id: frame.entry.id, powerSum: powerSum) }
    }
    return best
  }

  /// The frame that would be missed least; nil where there is none.
  /// - Parameter now: frames from after it go first: they would never grow old.
  mutating func leastMissed(now: Date, seed: UInt64) -> String? {
    var candidates = frames.indices.filter {
      frames[$0].entry.date.timeIntervalSince(now) > Self.futureTolerance
    }
    if candidates.isEmpty { candidates = mostCrowded() }
    var (least, tied): (UInt64, [Int]) = (.max, [])
    for index in candidates {
      let powerSum = nearestPowerSum(of: index)
      if powerSum < least { (least, tied) = (powerSum, []) }
      if powerSum == least { tied.append(index) }
    }
    let ranks = tied.map { index -> (UInt64, String) in
      let name = frames[index].entry.name
      var random = SeededRandom(seed, name.hash, UInt64(bitPattern: name.milliseconds))
      return (random.next(), name.id)
    }
    return ranks.min { $0 < $1 }?.1
  }

  private mutating func nearestPowerSum(of index: Int) -> UInt64 {
    if let nearest = frames[index].nearest { return nearest.powerSum }
    guard let signature = frames[index].signature else { return .max }
    frames[index].nearest = nearest(to: signature, except: index)
    return frames[index].nearest?.powerSum ?? .max
  }

  private struct Bucket: Hashable {
    let camera: String
    let time: Int64
  }

  /// The places of the most crowded frames, in their order.
  private func mostCrowded() -> [Int] {
    var candidates = Array(frames.indices)
    let times: [(Int64) -> Int64] = [{ $0 }, { $0 / 24 }, { $0 % 24 }, { _ in 0 }]
    for time in times where candidates.count > 1 {
      let buckets = frames.map { Bucket(camera: $0.entry.camera, time: time($0.entry.hour)) }
      var counts: [Bucket: Int] = [:]
      for bucket in buckets { counts[bucket, default: 0] += 1 }
      let crowds = buckets.map { counts[$0] ?? 0 }
      let most = candidates.reduce(0) { max($0, crowds[$1]) }
      candidates.removeAll { crowds[$0] < most }
    }
    return candidates
  }
}
