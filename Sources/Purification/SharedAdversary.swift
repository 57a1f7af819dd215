import Attacks
import Tensors

/// Perturbations that all pictures share, kept from batch to batch: a trigger is the same on every
/// picture and moves every embedding at once, so what moves them all together finds it (Moosavi-
/// Dezfooli et al. 2017, "Universal adversarial perturbations"). One thread uses it.
///
/// Some are added to the pictures, with bounds from 2/3 of ε to ε; some warp them; some are opaque
/// patches or waves, which try several places and frequencies at once. A batch is divided among them; a
/// warp, a patch or a wave, which has few values to find, gets less of it than one that is added.
///
/// ε under L2 is that of a picture of 32×32; others get it in proportion to the root of their area, so
/// that a pixel changes as much.
package struct SharedAdversary {
  private let picture: Int
  private var members: [any SharedPerturbation]
  /// Where each one's rows begin, as a share of the batch; one more than members.
  private var borders: [Double]
  /// The first member after those that are added, where there are both.
  private let split: Int?
  /// Members before the patches and waves.
  private let others: Int
  /// How far each one moved the embeddings at the last ascent that said so.
  private var strengths: [Float]

  /// - Parameter patchesTogether: whether all patches lie on the same pictures, which frames are large
  ///   enough for, or each has pictures of its own.
  package init(
    _ options: PurificationOptions, width: Int, height: Int, patchesTogether: Bool = false,
    random: inout SeededRandom
  ) {
    picture = width * height * 3
    let growth = options.norm == .l2 ? (Float(width * height) / (32 * 32)).squareRoot() : 1
    members = []
    let count = options.sharedCount
    for index in 0..<count {
      let share = count > 1 ? (2 + Float(index) / Float(count - 1)) / 3 : 1
      members.append(
        AdditivePerturbation(
          ball: PerturbationBall(options, share: share * growth), count: picture, random: &random))
    }
    for _ in 0..<options.sharedWarps {
      members.append(
        WarpPerturbation(
          width: width, height: height, stepSize: options.stepSize, random: &random))
    }
    others = members.count
    let patches = options.sharedPatches
    let counts =
      patchesTogether && patches > 0 ? [patches] : [Int](repeating: 1, count: patches)
    for count in counts {
      members.append(
        PatchPerturbation(
          count: count, width: width, height: height, stepSize: options.stepSize, random: &random))
    }
    for _ in 0..<options.sharedWaves {
      members.append(
        WavePerturbation(
          width: width, height: height, stepSize: options.stepSize, random: &random))
    }
    strengths = .init(repeating: -1, count: members.count)
    let tried = members.count - count
    let added = tried == 0 ? 1 : count == 0 ? 0 : Double(options.addedShare)
    split = count > 0 && tried > 0 ? count : nil
    borders = members.indices.map { index in
      index < count
        ? added * Double(index) / Double(count)
        : added + (1 - added) * Double(index - count) / Double(tried)
    }
    borders.append(1)
  }

  /// What the perturbations are, and last how far each one moved embeddings, for a checkpoint.
  var states: [[Float]] { members.map(\.state) + [strengths] }

  /// Takes perturbations up again.
  /// - Returns: false, and no change, where one is none that could have come about.
  mutating func restore(_ states: [[Float]]) -> Bool {
    guard states.count == members.count + 1, states[members.count].count == members.count,
      members.indices.allSatisfy({ members[$0].accepts(states[$0]) })
    else { return false }
    for index in members.indices { members[index].state = states[index] }
    strengths = states[members.count]
    return true
  }

  /// Begins one of them, in turn, at another random place, and a quarter of the patches and waves.
  package mutating func restart(_ turn: Int, random: inout SeededRandom) {
    if others > 0 { members[turn % others].restart(random: &random) }
    restartWeakest(share: 0.25, random: &random)
  }

  /// Ascents that a place gets before it is judged.
  package static let ascentsAfterRestart = 4

  /// After a step of the search before a training: a place that leads nowhere after some steps gives way
  /// to another.
  /// - Parameter step: counted from 0.
  package mutating func giveWay(afterSearchStep step: Int, random: SeededRandom) {
    guard step % Self.ascentsAfterRestart == Self.ascentsAfterRestart - 1 else { return }
    var random = random
    restartWeakest(share: 0.5, random: &random)
  }

  /// Begins the patches and waves that move embeddings least at another random place.
  mutating func restartWeakest(share: Double, random: inout SeededRandom) {
    // One without pictures in so small a batch has no strength.
    let tried = (others..<members.count).filter { strengths[$0] >= 0 }
    let weakest = tried.sorted { (strengths[$0], $0) < (strengths[$1], $1) }
    let count = Int((share * Double(tried.count)).rounded(.up))
    for index in weakest.prefix(count) { members[index].restart(random: &random) }
  }

  /// The rows that a perturbation is put on.
  private func rows(of index: Int, batch: Int) -> Range<Int> {
    let first = border(index, batch: batch)
    return first..<max(first, border(index + 1, batch: batch))
  }

  /// The first row of a member, or the batch's end. However small a batch is, what is added gets a row
  /// of it and what is not gets one.
  private func border(_ index: Int, batch: Int) -> Int {
    var row = Int((borders[index] * Double(batch)).rounded())
    guard let split, batch > 1 else { return row }
    if index <= split { row = min(row, batch - 1) }
    if index >= split { row = max(row, 1) }
    return row
  }

  /// Pictures with the perturbations, within valid pixels.
  package func apply(to clean: FloatBuffer, into perturbed: FloatBuffer) {
    let batch = clean.count / picture
    for (index, member) in members.enumerated() {
      let rows = rows(of: index, batch: batch)
      member.apply(
        to: UnsafeBufferPointer(clean.rows(rows, width: picture)),
        into: perturbed.rows(rows, width: picture))
    }
  }

  /// One step of ascent along the gradients of perturbed pixels.
  /// - Parameter distances: how far each picture's embedding or maps were moved, where that is known.
  package mutating func ascend(
    _ gradients: FloatBuffer, clean: FloatBuffer, distances: [Float]? = nil
  ) {
    let batch = clean.count / picture
    for index in members.indices {
      let rows = rows(of: index, batch: batch)
      guard !rows.isEmpty else { continue }
      if let distances {
        strengths[index] = distances[rows].reduce(0, +) / Float(rows.count)
      }
      members[index].ascend(
        UnsafeBufferPointer(gradients.rows(rows, width: picture)),
        clean: UnsafeBufferPointer(clean.rows(rows, width: picture)))
    }
  }
}

/// Something that changes every picture alike.
protocol SharedPerturbation {
  /// What it is, as many values at any time.
  var state: [Float] { get set }
  /// Whether a state could have come about.
  func accepts(_ state: [Float]) -> Bool
  /// Begins at another random place.
  mutating func restart(random: inout SeededRandom)
  /// Whole pictures with the perturbation, within valid pixels.
  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>)
  /// One step of ascent along the gradients of the perturbed pixels of whole pictures.
  mutating func ascend(_ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>)
}

/// A picture that is added.
struct AdditivePerturbation: SharedPerturbation {
  private let ball: PerturbationBall
  var state: [Float]

  init(ball: PerturbationBall, count: Int, random: inout SeededRandom) {
    self.ball = ball
    state = .init(repeating: 0, count: count)
    restart(random: &random)
  }

  func accepts(_ state: [Float]) -> Bool { state.count == self.state.count }

  /// A quarter of the bound in a random direction.
  mutating func restart(random: inout SeededRandom) {
    for index in state.indices { state[index] = random.gaussian() }
    let length = state.withUnsafeBufferPointer { PerturbationBall.length($0) }
    let factor = ball.epsilon / 4 / (ball.norm == .l2 ? max(length, 1e-12) : 1)
    for index in state.indices {
      state[index] = max(-ball.epsilon, min(ball.epsilon, state[index] * factor))
    }
  }

  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>
  ) {
    for start in stride(from: 0, to: clean.count, by: state.count) {
      for place in state.indices {
        perturbed[start + place] = max(0, min(1, clean[start + place] + state[place]))
      }
    }
  }

  mutating func ascend(
    _ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>
  ) {
    var sum = [Float](repeating: 0, count: state.count)
    for start in stride(from: 0, to: clean.count, by: state.count) {
      for place in state.indices {
        // Where a pixel was cut off at black or white the perturbation does not matter.
        let value = clean[start + place] + state[place]
        if value >= 0 && value <= 1 { sum[place] += gradients[start + place] }
      }
    }
    switch ball.norm {
    case .linf:
      for place in state.indices {
        let step = sum[place] > 0 ? ball.step : sum[place] < 0 ? -ball.step : 0
        state[place] = max(-ball.epsilon, min(ball.epsilon, state[place] + step))
      }
    case .l2:
      let length = sum.withUnsafeBufferPointer { PerturbationBall.length($0) }
      guard length > 0 else { return }
      for place in state.indices { state[place] += ball.step / length * sum[place] }
      let total = state.withUnsafeBufferPointer { PerturbationBall.length($0) }
      guard total > ball.epsilon else { return }
      for place in state.indices { state[place] *= ball.epsilon / total }
    }
  }
}
