import DataSets
import Frames
import Tensors

/// Unlabeled pictures of a folder at a detector's size, decoded when they are asked for: whole frames
/// are too large to be held. Any thread may use it.
public struct FrameSet: Sendable {
  /// The size of the frames in pixels.
  public let width, height: Int
  /// What was left out.
  public let skipped: SkippedImages
  private let folder: ImageFolder
  private let usable: [Int]

  /// Looks at every picture once, so that what is broken is known before any long work.
  /// - Throws: `DataSetError.allBroken`, `.tooFew`.
  public init(
    _ folder: ImageFolder, width: Int, height: Int, minimumCount: Int, threads: Int? = nil
  ) throws {
    self.folder = folder
    self.width = width
    self.height = height
    let reasons = ParallelDecoding.map(folder.count, threads: threads) { index -> String? in
      do {
        _ = try Self.read(folder, index, width, height)
        return nil
      } catch {
        return "\(error)"
      }
    }
    var skipped = folder.skipped
    for (index, reason) in reasons.enumerated() {
      if let reason { skipped.add(name: folder.files[index].name, reason: reason) }
    }
    usable = reasons.indices.filter { reasons[$0] == nil }
    self.skipped = skipped
    guard !usable.isEmpty else {
      throw DataSetError.allBroken(path: folder.path, skipped: skipped)
    }
    guard usable.count >= minimumCount else {
      throw DataSetError.tooFew(
        path: folder.path, expected: minimumCount, found: usable.count, skipped: skipped)
    }
  }

  /// Some of another set's frames, which were looked at already.
  private init(_ other: FrameSet, usable: [Int]) {
    (width, height, skipped) = (other.width, other.height, other.skipped)
    (folder, self.usable) = (other.folder, usable)
  }

  /// Those frames, in that order.
  public func keeping(_ indices: [Int]) -> FrameSet {
    FrameSet(self, usable: indices.map { usable[$0] })
  }

  /// How many frames there are.
  public var count: Int { usable.count }

  /// The files' names below the folder.
  public var names: [String] { usable.map { folder.files[$0].name } }

  /// What tells these frames from others: the files that are used, and the size.
  public var fingerprint: String {
    "\(DataSetFingerprint(usable.map { folder.files[$0] })), \(width)×\(height)"
  }

  /// A frame, values in `0…1`: the middle of the picture where it has another shape.
  /// - Throws: `JPEGError`, `DataSetError.picture`, `ImageError` where the file has changed since.
  public func frame(_ index: Int) throws -> FloatImage {
    try Self.read(folder, usable[index], width, height)
  }

  /// A frame's picture as it is.
  /// - Throws: `JPEGError`, `DataSetError.picture` where the file has changed since.
  func image(_ index: Int) throws -> Image { try folder.image(folder.files[usable[index]]) }

  private static func read(
    _ folder: ImageFolder, _ index: Int, _ width: Int, _ height: Int
  ) throws -> FloatImage {
    try folder.image(folder.files[index]).covering(width: width, height: height)
  }
}
