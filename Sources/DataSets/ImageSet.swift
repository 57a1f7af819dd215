import Foundation
import Frames

/// How the pictures of a data set are read.
public struct ImageSetOptions: Sendable, Hashable {
  /// The side of the square pictures, in pixels.
  public var size: Int
  /// Bytes of pictures that are held; the rest is decoded again whenever it is asked for.
  public var memory: Int
  /// Fewer usable pictures are an error.
  public var minimumCount: Int
  /// Threads that decode; nil: one per processor.
  public var threads: Int?
  /// What one JPEG may cost.
  public var limits: JPEGLimits

  /// Options.
  public init(
    size: Int, memory: Int = 1 << 30, minimumCount: Int = 1, threads: Int? = nil,
    limits: JPEGLimits = JPEGLimits()
  ) {
    self.size = size
    self.memory = memory
    self.minimumCount = minimumCount
    self.threads = threads
    self.limits = limits
  }
}

/// The pictures of a data set as squares of one size, 8 bits per channel.
///
/// A picture of other sides is resized so that its shorter side fits, and its middle is kept. All are
/// decoded once when the set is opened, so that what is broken is known then; it is left out and
/// named in `skipped`. Any thread may use the set.
public struct ImageSet: Sendable {
  /// The side of the pictures in pixels.
  public let size: Int
  /// The pictures' paths below the folder.
  public let names: [String]
  /// Their labels, where the data set has some.
  public let labels: [Int]?
  /// What was left out.
  public let skipped: SkippedImages
  /// How many pictures are held in memory; they are the first ones.
  public let heldCount: Int

  private let held: [Image]
  private let path: String
  private let options: ImageSetOptions

  /// Reads the pictures of a folder, in its order.
  /// - Throws: `DataSetError`: `value` for options out of range, `allBroken`, `tooFew`.
  public init(_ folder: ImageFolder, _ options: ImageSetOptions) throws {
    try self.init(folder, labels: nil, options)
  }

  /// Reads the pictures of a labelled folder, in its order.
  /// - Throws: `DataSetError`: `value` for options out of range, `allBroken`, `tooFew`.
  public init(_ folder: LabeledImageFolder, _ options: ImageSetOptions) throws {
    try self.init(folder.images, labels: folder.labels, options)
  }

  private init(_ folder: ImageFolder, labels: [Int]?, _ options: ImageSetOptions) throws {
    guard (1...Self.maximumSize).contains(options.size) else {
      throw DataSetError.value(
        name: "a size", expected: "of 1 to \(Self.maximumSize) pixels", found: "\(options.size)")
    }
    size = options.size
    path = folder.path
    self.options = options
    let capacity = max(options.memory, 0) / (options.size * options.size * 3)
    let results = ParallelDecoding.map(folder.count, threads: options.threads) {
      index -> DecodedPicture in
      do {
        let image = try PictureFile.read(
          folder.path(of: folder.files[index]), size: options.size, limits: options.limits)
        return index < capacity ? .held(image) : .onDemand
      } catch {
        return .broken("\(error)")
      }
    }
    var (names, kept, held): ([String], [Int], [Image]) = ([], [], [])
    var skipped = folder.skipped
    for (index, result) in results.enumerated() {
      switch result {
      case .broken(let reason):
        skipped.add(name: folder.files[index].name, reason: reason)
        continue
      case .held(let image): held.append(image)
      case .onDemand: break
      }
      names.append(folder.files[index].name)
      if let labels { kept.append(labels[index]) }
    }
    guard !names.isEmpty else {
      throw DataSetError.allBroken(path: folder.path, skipped: skipped)
    }
    guard names.count >= options.minimumCount else {
      throw DataSetError.tooFew(
        path: folder.path, expected: options.minimumCount, found: names.count, skipped: skipped)
    }
    self.names = names
    self.labels = labels == nil ? nil : kept
    self.skipped = skipped
    self.held = held
    heldCount = held.count
  }

  /// Pictures that are in memory already, squares of one size.
  /// - Throws: `DataSetError.tooFew` for none, `.value` where one has another size.
  public init(_ images: [Image]) throws {
    guard let first = images.first else {
      throw DataSetError.tooFew(
        path: "memory", expected: 1, found: 0, skipped: SkippedImages())
    }
    let side = first.width
    if let other = images.first(where: { $0.width != side || $0.height != side }) {
      throw DataSetError.value(
        name: "pictures", expected: "\(side)×\(side)", found: "\(other.width)×\(other.height)")
    }
    size = side
    names = images.indices.map { "\($0)" }
    labels = nil
    skipped = SkippedImages()
    heldCount = images.count
    held = images
    path = ""
    options = ImageSetOptions(size: side)
  }

  /// The largest side of a set's pictures.
  public static let maximumSize = 1024

  /// The number of usable pictures.
  public var count: Int { names.count }

  /// One picture.
  /// - Throws: `DataSetError`: `value` for an index that is not in `0..<count`, `picture` where it is
  ///   not held and its file has changed since the set was opened.
  public func image(_ index: Int) throws -> Image {
    guard names.indices.contains(index) else {
      throw DataSetError.value(
        name: "a picture's index", expected: "from 0 to \(count - 1)", found: "\(index)")
    }
    if index < held.count { return held[index] }
    do {
      return try PictureFile.read(
        "\(path)/\(names[index])", size: size, limits: options.limits)
    } catch {
      throw DataSetError.picture(name: names[index], reason: "\(error)")
    }
  }

  /// One picture for computation.
  /// - Throws: `DataSetError`, as `image`.
  public func floatImage(_ index: Int) throws -> FloatImage {
    try FloatImage(try image(index))
  }

  /// Several pictures in the order of their indices; those that are not held are decoded on all
  /// threads.
  /// - Throws: `DataSetError`: that of the first picture that cannot be had.
  public func images(_ indices: [Int]) throws -> [Image] {
    if indices.allSatisfy({ held.indices.contains($0) }) { return indices.map { held[$0] } }
    return try ParallelDecoding.map(indices.count, threads: options.threads) { place in
      Result { try image(indices[place]) }
    }.map { try $0.get() }
  }
}

/// What became of one file.
private enum DecodedPicture: Sendable {
  case held(Image)
  case onDemand
  case broken(String)
}
