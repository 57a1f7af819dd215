import Foundation
import Frames
import Glibc
import Models

/// The part of a reservoir that compares, encodes and writes; one thread at a time uses it.
struct Keeper: Sendable {
  let options: ReservoirOptions
  private(set) var sample = DiverseSample()
  private let folder: ReservoirFolder?
  private let encoder: FrameEncoder
  /// Frames that came or went since the index was written.
  private var changes = 0

  /// The index is written after so many changes: one that lags costs a few decodings.
  static let indexPeriod = 32
  /// Files that are decoded for one offered frame where the index does not know them.
  static let decodingsPerOffer = 8
  /// Frames dated further ahead than they may grow old go once no leap of the clock was seen for so
  /// many seconds. Sooner, a device that starts at 1970 until it reaches the network would lose all.
  static let trustedSteadiness = 86_400.0

  /// Opens the folder: removes leftovers and what is no frame, and enforces the limits.
  /// - Throws: `ReservoirError`.
  init(directory: String?, options: ReservoirOptions, now: Date) throws(ReservoirError) {
    try options.validate()
    self.options = options
    encoder = FrameEncoder(options)
    folder = if let directory { try ReservoirFolder(path: directory) } else { nil }
    guard let folder else { return }
    let listing = try FolderListing(path: folder.path)
    try folder.makePrivate(foreignCount: listing.foreignCount)
    let index = SignatureIndex.decoded(
      (try? ReservoirFolder.bytes(
        of: "\(folder.path)/\(FolderListing.indexName)", limit: SignatureIndex.maximumBytes)) ?? [])
    do {
      for name in listing.leftovers { try folder.delete(name) }
      for entry in listing.entries {
        let held = HeldFrame(entry: entry, signature: index[entry.name.hash])
        sample.insert(held)
        if !(1...JPEGLimits().bytes).contains(entry.bytes) { try delete(entry.id) }
      }
      try expire(at: now, steady: 0)
      // Where a limit was lowered far, choosing among all frames would take minutes.
      while sample.frames.count > 2 * options.maximumFrames, let first = sample.frames.first {
        try delete(first.entry.id)
      }
      while isOver, let id = sample.leastMissed(now: now, seed: options.seed) { try delete(id) }
    } catch {
      throw .file(error)
    }
    saveIndex(atOnce: true)
  }

  private var isOver: Bool {
    sample.frames.count > options.maximumFrames || sample.bytes > options.maximumBytes
  }

  /// Deletes what is too old, or from a future that never comes.
  mutating func expire(at now: Date, steady: Double) throws(FileError) {
    let age = options.maximumAge.inSeconds
    while let first = sample.frames.first?.entry, now.timeIntervalSince(first.date) > age {
      try delete(first.id)
    }
    guard steady > Self.trustedSteadiness else { return }
    while let last = sample.frames.last?.entry, last.date.timeIntervalSince(now) > age {
      try delete(last.id)
    }
  }

  /// Deletes a frame's file and forgets it.
  mutating func delete(_ id: String) throws(FileError) {
    try folder?.delete(Self.fileName(id))
    sample.remove(id)
    changes += 1
  }

  /// Deletes all frames and the index, and nothing else.
  mutating func clear() throws(FileError) {
    while let id = sample.frames.last?.entry.id { try delete(id) }
    try folder?.delete(FolderListing.indexName)
    changes = 0
  }

  /// Decides about a frame, and keeps it or not.
  mutating func consider(_ frame: Frame, now: Date) -> OfferOutcome {
    let signature: FrameSignature
    do {
      signature = try FrameSignature(of: frame.image)
    } catch {
      return .failed(.picture(reason: "\(error)"))
    }
    do {
      try learnSignatures()
      let limit = FrameSignature.powerSum(distance: options.duplicateDistance)
      if let twin = sample.twin(of: signature, below: limit) { return .duplicate(of: twin) }
      if let outcome = refusalForRoom(frame.image) { return outcome }
      return try keep(frame, signature, now: now)
    } catch let error as FileError {
      let isFull = error.code == ENOSPC || error.code == EDQUOT
      return isFull ? .diskFull(free: folder?.freeBytes ?? 0) : .failed(.file(error))
    } catch {
      return .failed(.picture(reason: "\(error)"))
    }
  }

  private func refusalForRoom(_ image: Image) -> OfferOutcome? {
    guard let folder, let free = folder.freeBytes else { return nil }
    // No JPEG that is kept is larger than its pixels, but for its tables.
    let size = encoder.size(of: image)
    let needed = size.width * size.height * 3 + 4096
    return free < options.reservedBytes + needed ? .diskFull(free: free) : nil
  }

  private mutating func keep(
    _ frame: Frame, _ signature: FrameSignature, now: Date
  ) throws -> OfferOutcome {
    let jpeg = try encoder.jpeg(of: frame)
    guard jpeg.count <= options.maximumBytes else { return .tooLarge(bytes: jpeg.count) }
    let milliseconds = Int64((frame.date.timeIntervalSince1970 * 1000).rounded(.down))
    let name = StoredName(milliseconds: milliseconds, camera: frame.camera, hash: fnv1a(jpeg))
    let entry = ReservoirEntry(name: name, bytes: jpeg.count, directory: folder?.path)
    if sample.index(of: entry.id) != nil { return .duplicate(of: entry.id) }
    var trial = sample
    trial.insert(
      HeldFrame(entry: entry, signature: signature, jpeg: folder == nil ? jpeg : nil))
    var gone: [String] = []
    while trial.frames.count > options.maximumFrames || trial.bytes > options.maximumBytes,
      let id = trial.leastMissed(now: now, seed: options.seed)
    {
      trial.remove(id)
      gone.append(id)
      guard id != entry.id else {
        // What was found out about neighbours on the way holds for the frames that stay.
        if gone.count == 1 { sample = trial }
        return .crowded
      }
    }
    try folder?.write(jpeg, to: Self.fileName(entry.id)) {
      for id in gone { try delete(id) }
    }
    sample = trial
    changes += 1
    return gone.isEmpty ? .kept(id: entry.id) : .replaced(gone, by: entry.id)
  }

  /// Computes a few of the signatures that the index did not know. A file that turns out not to be a
  /// whole frame is deleted.
  private mutating func learnSignatures() throws {
    let unknown = sample.frames.lazy.filter { $0.signature == nil }.map(\.entry)
    for entry in Array(unknown.prefix(Self.decodingsPerOffer)) {
      do {
        let image = try StoredFrame.image(try StoredFrame.jpeg(entry), id: entry.id)
        sample.setSignature(try FrameSignature(of: image), of: entry.id)
        changes += 1
      } catch ReservoirError.unknown, ReservoirError.damaged {
        try delete(entry.id)
      } catch ReservoirError.file {
        // Another time.
      }
    }
  }

  /// Writes the index where enough changed since the last time, or anything at all where it is asked
  /// for at once; that it cannot be written does no harm.
  mutating func saveIndex(atOnce: Bool = false) {
    guard let folder, changes >= (atOnce ? 1 : Self.indexPeriod) else { return }
    changes = 0
    let signatures = sample.frames.compactMap { frame in
      frame.signature.map { (hash: frame.entry.name.hash, signature: $0) }
    }
    try? folder.write(SignatureIndex.encoded(signatures), to: FolderListing.indexName)
  }

  private static func fileName(_ id: String) -> String { "\(id).\(ReservoirEntry.fileExtension)" }
}
