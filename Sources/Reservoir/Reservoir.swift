import Foundation
import Frames
import Models
import Synchronization

/// A bounded, diverse sample of the frames that cameras deliver, on disk or in memory: what a model
/// is purified with where nobody gives it a folder of pictures.
///
/// A frame is kept where its camera was not looked at for a while, nothing held looks nearly the same
/// (``FrameSignature``), and, once the reservoir is full, another would be missed less
/// (``ReservoirOptions`` has the limits). What is full and sees the same always writes hardly
/// anything: a newcomer has to differ more than what it takes the place of.
///
/// On disk, a folder that only its owner may enter (0700) holds one JPEG (0600) without metadata for
/// each frame, named by date, camera and a hash, and a small index of signatures. Files appear whole
/// or not at all, so a process that is killed leaves whole frames. Files that are not named as its own
/// are neither counted nor touched, links are not followed, and nothing is written elsewhere. One
/// process at a time keeps frames in a folder; others look at it with ``ReservoirReader``.
///
/// `Sendable`: frames are offered on one background thread while requests are answered on others. All
/// calls are synchronous. ``offer(_:)`` is done at once where a frame comes too soon (no pixel is read)
/// and in microseconds where it is a duplicate (some 16,000 are); where one is kept it encodes, writes
/// and waits for the disk, so it is not for the thread that infers. What only reads (``entries``, ``count``,
/// ``image(_:)`` and the others) does not wait for that.
public final class Reservoir: Sendable {
  /// The options it was opened with.
  public let options: ReservoirOptions
  /// The folder; nil where everything is in memory.
  public let directory: String?

  /// What is enough to refuse a frame and to answer questions; held for microseconds.
  private struct Front: Sendable {
    var gate: ArrivalGate
    var frames: [HeldFrame]
    var bytes: Int
  }
  private let front: Mutex<Front>
  /// Held while a frame is compared, encoded and written; taken before `front`, never after it.
  private let keeper: Mutex<Keeper>

  /// Opens a reservoir. Its folder is made where it is missing, in one that exists; files that a killed
  /// process left half-written are removed, and the limits are enforced.
  /// - Parameters:
  ///   - directory: the folder; nil keeps everything in memory.
  ///   - now: the time by which frames are too old.
  /// - Throws: `ReservoirError`: `option`, `folder`, `tooOpen`, `inUse`, `file`.
  public init(
    directory: String?, options: ReservoirOptions = ReservoirOptions(), now: Date = Date()
  ) throws {
    let keeper = try Keeper(directory: directory, options: options, now: now)
    self.options = options
    self.directory = directory
    front = Mutex(
      Front(
        gate: ArrivalGate(interval: options.interval), frames: keeper.sample.frames,
        bytes: keeper.sample.bytes))
    self.keeper = Mutex(keeper)
  }

  deinit { keeper.withLock { $0.saveIndex(atOnce: true) } }

  /// Looks at a frame and keeps it or not; enforces the limits on what is held.
  ///
  /// The interval is measured by `frame.captured`, age by `frame.date`; a date that does not follow
  /// from those before by the monotonic clock is not believed at once (``OfferOutcome/misdated``).
  /// - Returns: what became of it. Nothing is thrown, for the next frame may fare better.
  public func offer(_ frame: Frame) -> OfferOutcome {
    let age = options.maximumAge.inSeconds
    let (refusal, reading, hasExpired) = front.withLock { front in
      let (refusal, reading) = front.gate.arrive(frame)
      let oldest = front.frames.first?.entry.date
      let hasExpired = reading.flatMap { reading in
        oldest.map { reading.now.timeIntervalSince($0) > age }
      }
      return (refusal, reading, hasExpired ?? false)
    }
    guard let reading, refusal == nil || hasExpired else { return refusal ?? .misdated }
    return update { keeper in
      do throws(FileError) {
        try keeper.expire(at: reading.now, steady: reading.steady)
      } catch {
        return .failed(.file(error))
      }
      return refusal ?? keeper.consider(frame, now: reading.now)
    }
  }

  /// Lets the keeper work and shows what it holds then.
  private func update<Result: Sendable>(_ body: (inout Keeper) throws -> Result) rethrows -> Result
  {
    try keeper.withLock { keeper in
      defer {
        keeper.saveIndex()
        let sample = keeper.sample
        front.withLock { front in
          front.frames = sample.frames
          front.bytes = sample.bytes
        }
      }
      return try body(&keeper)
    }
  }

  /// The frames that are held, oldest first.
  public var entries: [ReservoirEntry] { front.withLock { $0.frames }.map(\.entry) }

  /// How many frames are held.
  public var count: Int { front.withLock { $0.frames.count } }

  /// The sum of their JPEGs' sizes.
  public var bytes: Int { front.withLock { $0.bytes } }

  /// When the oldest frame was captured.
  public var oldest: Date? { front.withLock { $0.frames.first?.entry.date } }

  /// When the newest frame was captured.
  public var newest: Date? { front.withLock { $0.frames.last?.entry.date } }

  /// The JPEG of a frame. One that turns out to be damaged is deleted.
  /// - Throws: `ReservoirError`: `unknown`, `damaged`, `file`.
  public func jpeg(_ id: String) throws -> [UInt8] {
    guard let frame = front.withLock({ $0.frames.first { $0.entry.id == id } }) else {
      throw ReservoirError.unknown(id: id)
    }
    if let jpeg = frame.jpeg { return jpeg }
    do {
      return try StoredFrame.jpeg(frame.entry)
    } catch {
      if case .file = error { throw error }
      try? remove(id)
      throw error
    }
  }

  /// The picture of a frame, decoded within `JPEGLimits`' defaults. One that turns out to be damaged is
  /// deleted.
  /// - Throws: `ReservoirError`: `unknown`, `damaged`, `file`.
  public func image(_ id: String) throws -> Image {
    let jpeg = try jpeg(id)
    do {
      return try StoredFrame.image(jpeg, id: id)
    } catch {
      try? remove(id)
      throw error
    }
  }

  /// Deletes a frame.
  /// - Throws: `ReservoirError`: `unknown`, `file`.
  public func remove(_ id: String) throws {
    try update { keeper in
      guard keeper.sample.index(of: id) != nil else { throw ReservoirError.unknown(id: id) }
      do throws(FileError) {
        try keeper.delete(id)
      } catch {
        throw ReservoirError.file(error)
      }
      // What was asked to go does not stay in the index until it is written the next time.
      keeper.saveIndex(atOnce: true)
    }
  }

  /// Deletes all frames and the index; other files in the folder stay.
  /// - Throws: `ReservoirError.file` where one cannot be deleted; it and those older are still held.
  public func clear() throws {
    try update { keeper in
      do throws(FileError) {
        try keeper.clear()
      } catch {
        throw ReservoirError.file(error)
      }
    }
  }
}
