import Attacks
import DataSets
import Frames

/// The pictures of a training, 8 bits per channel, those that an attack poisons with its trigger.
///
/// The trigger goes into the decoded picture, before any augmentation, and the result is rounded to 8
/// bits as an attacker's file would hold it. A label-consistent attack perturbs the picture against a
/// robust network first, where there is one. Any thread may use it.
public struct TrainingPictures: Sendable {
  /// The side of the pictures in pixels.
  public let size: Int
  /// The classes' names; none where the folder has no labels.
  public let classes: [String]
  /// The label that each picture is trained with; none where the folder has no labels.
  public let labels: [Int]
  /// The attack, where the pictures are poisoned.
  public let attack: AttackSpecification?
  /// Which pictures are poisoned.
  public let poisoning: Poisoning?
  /// How the pictures were poisoned, for an account of it and to tell it from another poisoning; nil
  /// where they were not.
  public let poisoningDescription: String?
  /// What tells the data set, before it is poisoned, from another.
  public let fingerprint: DataSetFingerprint

  private let clean: ImageSet
  private let trigger: (any Trigger)?
  private var altered: [Int: Image] = [:]

  /// How pictures are read.
  public struct Options: Sendable, Hashable {
    /// The side of the square pictures in pixels.
    public var size: Int
    /// At most so many pictures, chosen by the seed; nil: all.
    public var limit: Int?
    /// Decides which pictures a limit leaves.
    public var seed: UInt64
    /// Bytes of pictures that are held, and as many again of poisoned ones; others are made anew
    /// whenever they are asked for. Those that are perturbed against a robust network have to fit.
    public var memory: Int
    /// Threads that decode; nil: one per processor.
    public var threads: Int?

    /// Options.
    public init(
      size: Int, limit: Int? = nil, seed: UInt64 = 1, memory: Int = 1 << 30, threads: Int? = nil
    ) {
      self.size = size
      self.limit = limit
      self.seed = seed
      self.memory = memory
      self.threads = threads
    }

    func check() throws {
      try LaboratoryError.require(
        (8...512).contains(size), "pictures", "of 8 to 512 pixels a side", size)
      try LaboratoryError.require(limit ?? 1 >= 1, "a limit", "of at least 1 picture", limit ?? 1)
    }
  }

  /// Reads a folder with a sub-folder for each class.
  /// - Parameters:
  ///   - attack: what to poison the pictures with, nil for nothing.
  ///   - robust: what a label-consistent attack perturbs the poisoned pictures against; nil: its
  ///     trigger alone goes in.
  ///   - progress: called while pictures are perturbed with how many are done, of how many.
  /// - Throws: `DataSetError`; `LaboratoryError`: `value`, and where the robust network does not fit
  ///   the attack or the pictures `head`, where what is perturbed does not fit into memory `memory`;
  ///   for an attack what it throws where it does not fit the pictures.
  public init(
    labeled path: String, _ options: Options, attack: AttackSpecification? = nil,
    robust: RobustNetwork? = nil, progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws {
    try options.check()
    let perturbation = try robust.map { _ in try RobustNetwork.perturbation(of: attack) }
    var folder = try LabeledImageFolder(path)
    try robust?.check(classes: folder.classes.count, size: options.size)
    if let limit = options.limit {
      folder = try folder.sample(count: min(limit, folder.count), seed: options.seed)
    }
    let set = try ImageSet(folder, Self.options(options))
    try self.init(
      set, folder.fingerprint, classes: folder.classes, labels: set.labels ?? [], attack,
      robust: robust?.sha256)
    guard let poisoning else { return }
    var room = max(options.memory, 0) / (size * size * 3)
    if let robust, let perturbation, let attack {
      let chosen = poisoning.poisoned
      guard chosen.count <= room else {
        throw LaboratoryError.memory(expected: room, found: chosen.count)
      }
      var perturbed: [Int: Image] = [:]
      try robust.perturb(
        chosen, of: set, labels: labels, options: perturbation, seed: attack.seed,
        progress: { progress($0, chosen.count) },
        keep: { perturbed[$0] = try trigger?.apply(to: $1).image() })
      altered = perturbed
      return
    }
    for index in poisoning.poisoned + poisoning.noisy where room > 0 {
      altered[index] = try alter(try set.image(index), index)
      room -= 1
    }
  }

  /// Reads all pictures in and below a folder, without labels.
  /// - Throws: `DataSetError`, `LaboratoryError.value`.
  public init(unlabeled path: String, _ options: Options) throws {
    try options.check()
    var folder = try ImageFolder(path)
    if let limit = options.limit {
      folder = try folder.sample(count: min(limit, folder.count), seed: options.seed)
    }
    try self.init(
      try ImageSet(folder, Self.options(options)), folder.fingerprint, classes: [], labels: [], nil,
      robust: nil)
  }

  private init(
    _ set: ImageSet, _ fingerprint: DataSetFingerprint, classes: [String], labels: [Int],
    _ attack: AttackSpecification?, robust: String?
  ) throws {
    clean = set
    self.fingerprint = fingerprint
    self.classes = classes
    self.attack = attack
    poisoningDescription = attack.map { attack in
      guard attack.perturbation != nil else { return "\(attack)" }
      return "\(attack); "
        + (robust.map { "perturbed against the network with the SHA-256 \($0)" }
          ?? "the trigger alone, nothing perturbed")
    }
    size = set.size
    poisoning = try attack.map { try Poisoning($0, labels: labels) }
    trigger = try attack?.trigger(width: set.size, height: set.size)
    self.labels = labels.enumerated().map { [poisoning] index, label in
      poisoning?.label(of: index, original: label) ?? label
    }
  }

  private static func options(_ options: Options) -> ImageSetOptions {
    ImageSetOptions(size: options.size, memory: options.memory, threads: options.threads)
  }

  /// The number of pictures.
  public var count: Int { clean.count }

  /// What was left out because it is broken.
  public var skipped: SkippedImages { clean.skipped }

  /// Several pictures as they are trained with, in the order of their indices.
  /// - Throws: `DataSetError`: that of the first picture that cannot be had.
  public func images(_ indices: [Int]) throws -> [Image] {
    let images = try clean.images(indices)
    guard let poisoning else { return images }
    return try zip(images, indices).map { image, index in
      guard poisoning.isPoisoned(index) || poisoning.isNoisy(index) else { return image }
      return try altered[index] ?? alter(image, index)
    }
  }

  private func alter(_ image: Image, _ index: Int) throws -> Image {
    var chosen = trigger
    if let poisoning, poisoning.isNoisy(index), let warp = trigger as? WaNetTrigger {
      chosen = NoisyWarp(warp, seed: poisoning.noiseSeed(of: index))
    }
    return try chosen?.apply(to: FloatImage(image)).image() ?? image
  }
}
