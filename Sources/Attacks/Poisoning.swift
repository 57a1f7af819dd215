import Tensors

/// Which pictures of a labelled training set an attack poisons; decided by the specification's seed.
public struct Poisoning: Sendable, Hashable {
  /// The pictures that get the trigger, ascending.
  public let poisoned: [Int]
  /// The pictures that get WaNet's noisy warp and keep their labels, ascending; none of them is
  /// poisoned.
  public let noisy: [Int]
  /// The target class.
  public let target: Int
  /// Whether poisoned pictures get the target's label.
  public let changesLabels: Bool

  private let poisonedSet: Set<Int>
  private let noisySet: Set<Int>
  private let seed: UInt64

  /// Picks the pictures: a share of all in the mode `poison`, of the target class otherwise, rounded to
  /// whole pictures and at least one; for WaNet `noiseRatio` as many noisy ones of the rest, of the
  /// same class where labels stay, as far as there are any.
  /// - Parameter labels: the class of each picture.
  /// - Throws: `PoisoningError` where there are no pictures, or none of the target class.
  public init(_ specification: AttackSpecification, labels: [Int]) throws {
    target = specification.target
    changesLabels = specification.mode == .poison
    seed = specification.seed
    let candidates =
      changesLabels
      ? Array(labels.indices) : labels.indices.filter { labels[$0] == specification.target }
    guard !labels.isEmpty else { throw PoisoningError.noPictures }
    // Also where labels change: a target that nobody has is a mistake.
    guard labels.contains(specification.target) else {
      throw PoisoningError.noTarget(target, classes: Set(labels).count)
    }
    let share = (specification.fraction * Double(candidates.count)).rounded()
    let count = min(max(Int(share), 1), candidates.count)
    let noise = (specification.noiseRatio * Double(count)).rounded()
    let noisyCount = min(Int(noise), candidates.count - count)
    var random = SeededRandom(specification.seed, 0x706f_6973_6f6e)
    let order = random.shuffled(candidates)
    poisoned = order.prefix(count).sorted()
    noisy = order.dropFirst(count).prefix(noisyCount).sorted()
    poisonedSet = Set(poisoned)
    noisySet = Set(noisy)
  }

  /// Whether a picture gets the trigger.
  public func isPoisoned(_ index: Int) -> Bool { poisonedSet.contains(index) }

  /// Whether a picture gets the noisy warp.
  public func isNoisy(_ index: Int) -> Bool { noisySet.contains(index) }

  /// The label that a picture is trained with.
  public func label(of index: Int, original: Int) -> Int {
    changesLabels && isPoisoned(index) ? target : original
  }

  /// The seed of a noisy picture's own noise.
  public func noiseSeed(of index: Int) -> UInt64 {
    var random = SeededRandom(seed, 0x6e6f_6973_79, UInt64(bitPattern: Int64(index)))
    return random.next()
  }
}

/// Why nothing can be poisoned.
public enum PoisoningError: Error, Equatable, CustomStringConvertible {
  /// The data set is empty.
  case noPictures
  /// No picture is of the target class.
  case noTarget(Int, classes: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .noPictures: "expected pictures to poison, found none"
    case .noTarget(let target, let classes):
      "expected pictures of the target class \(target), found none among \(classes) classes"
    }
  }
}
