import Tensors

/// A folder with a sub-folder for each class; the JPEGs in and below it belong to the class.
public struct LabeledImageFolder: Sendable, Hashable {
  /// The names of the classes, sorted by their bytes; a label is an index into them.
  public let classes: [String]
  /// The JPEGs, those of the first class first, until they are sampled.
  public let images: ImageFolder
  /// The label of each of `images.files`.
  public let labels: [Int]

  /// Lists a folder. Files beside the classes' folders are left out.
  /// - Parameter limit: how many files and folders of any kind are looked at.
  /// - Throws: `DataSetError`: as ``ImageFolder``, and `noClasses`, `emptyClass`.
  public init(_ path: String, limit: Int = ImageFolder.defaultLimit) throws {
    let top = try FolderScan(path, limit: limit, isDeep: false)
    guard !top.folders.isEmpty else { throw DataSetError.noClasses(path: path) }
    var files: [ImageFile] = []
    var labels: [Int] = []
    var skipped = top.skipped
    for (label, name) in top.folders.enumerated() {
      guard files.count < limit else {
        throw DataSetError.tooManyEntries(path: path, limit: limit)
      }
      let scan = try FolderScan("\(path)/\(name)", limit: limit - files.count)
      guard !scan.files.isEmpty else { throw DataSetError.emptyClass(name: name, path: path) }
      files += scan.files.map { ImageFile(name: "\(name)/\($0.name)", byteCount: $0.byteCount) }
      labels += repeatElement(label, count: scan.files.count)
      skipped.add(scan.skipped.below(name))
    }
    self.init(
      classes: top.folders, images: ImageFolder(path: path, files: files, skipped: skipped),
      labels: labels)
  }

  private init(classes: [String], images: ImageFolder, labels: [Int]) {
    self.classes = classes
    self.images = images
    self.labels = labels
  }

  /// The number of files.
  public var count: Int { labels.count }

  /// What tells this data set from another; the classes are part of the names.
  public var fingerprint: DataSetFingerprint { images.fingerprint }

  /// Some of the files in random order, each at most once, whatever their class. A smaller sample with
  /// the same seed is the beginning of a larger one.
  /// - Throws: `DataSetError.value` where `count` is not in `1...self.count`.
  public func sample(count: Int, seed: UInt64) throws -> LabeledImageFolder {
    guard (1...self.count).contains(count) else {
      throw DataSetError.value(
        name: "a sample", expected: "of 1 to \(self.count) pictures", found: "\(count)")
    }
    var random = SeededRandom(seed, Sampling.stream)
    return subset(random.permutation(self.count).prefix(count))
  }

  /// A share of the files in random order, rounded to whole files, at least one.
  /// - Throws: `DataSetError.value` where `fraction` is not above 0 and at most 1.
  public func sample(fraction: Double, seed: UInt64) throws -> LabeledImageFolder {
    try sample(count: try Sampling.count(fraction, of: count), seed: seed)
  }

  /// The same number of files of every class, in random order over all.
  /// - Throws: `DataSetError.value` where `perClass` is below 1 or a class has fewer files.
  public func stratifiedSample(perClass: Int, seed: UInt64) throws -> LabeledImageFolder {
    let smallest = indicesByClass().map(\.count).min() ?? 0
    guard perClass >= 1, perClass <= smallest else {
      throw DataSetError.value(
        name: "a sample of each class", expected: "of 1 to \(smallest) pictures",
        found: "\(perClass)")
    }
    return stratified(seed) { _ in perClass }
  }

  /// The same share of the files of every class, rounded to whole files, at least one of each, in
  /// random order over all.
  /// - Throws: `DataSetError.value` where `fraction` is not above 0 and at most 1.
  public func stratifiedSample(fraction: Double, seed: UInt64) throws -> LabeledImageFolder {
    try stratified(seed) { try Sampling.count(fraction, of: $0) }
  }

  private func stratified(
    _ seed: UInt64, _ count: (Int) throws -> Int
  ) rethrows -> LabeledImageFolder {
    let random = SeededRandom(seed, Sampling.stream)
    var chosen: [Int] = []
    for (label, indices) in indicesByClass().enumerated() where !indices.isEmpty {
      var stream = random.stream(UInt64(label))
      chosen += stream.shuffled(indices).prefix(try count(indices.count))
    }
    var order = random.stream(UInt64(classes.count))
    return subset(order.shuffled(chosen))
  }

  private func indicesByClass() -> [[Int]] {
    var indices = [[Int]](repeating: [], count: classes.count)
    for (index, label) in labels.enumerated() { indices[label].append(index) }
    return indices
  }

  private func subset(_ indices: some Sequence<Int>) -> LabeledImageFolder {
    let indices = Array(indices)
    let files = indices.map { images.files[$0] }
    return LabeledImageFolder(
      classes: classes,
      images: ImageFolder(path: images.path, files: files, skipped: images.skipped),
      labels: indices.map { labels[$0] })
  }
}
