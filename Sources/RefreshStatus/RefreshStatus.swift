import Foundation

/// How a refresh is, as a file tells everybody who asks: the daemon's `/state`, the page, the command.
public struct RefreshStatus: Sendable, Equatable, Codable {
  /// What it does, or how it ended.
  public enum Phase: String, Sendable, Codable, CaseIterable {
    /// Frames are chosen and screened.
    case sifting
    /// The trunk is purified.
    case purifying
    /// The candidate is judged.
    case judging
    /// The candidate goes into the store.
    case installing
    /// A new model was accepted.
    case accepted
    /// The gate refused the candidate; the old model serves.
    case rejected
    /// It was told to stop, or the device had to rest; the next one goes on from there.
    case stopped
    /// Something went wrong; the old model serves.
    case failed

    /// Whether it is over.
    public var isOver: Bool {
      switch self {
      case .sifting, .purifying, .judging, .installing: false
      case .accepted, .rejected, .stopped, .failed: true
      }
    }
  }

  /// What it does, or how it ended.
  public var phase: Phase
  /// The share of the phase that is done, `0...1`.
  public var progress: Double
  /// Why, or what was done, in words.
  public var message: String
  /// When it began and when this was written, ISO 8601.
  public var started, updated: String
  /// Seconds until the end of the phase, where they can be told.
  public var secondsLeft: Double?
  /// Frames that were used, and those that were left out as suspect.
  public var frames, suspectFrames: Int?
  /// The candidate's id.
  public var candidate: String?
  /// Why the candidate was refused.
  public var reasons: [String]?

  /// A beginning.
  package init(phase: Phase, now: Date = Date()) {
    self.phase = phase
    progress = 0
    message = ""
    started = now.formatted(Date.ISO8601FormatStyle())
    updated = started
  }

  /// A larger file is none of ours, in bytes.
  static let maximumBytes = 64 << 10

  /// Reads a status file.
  /// - Returns: nil where there is none.
  /// - Throws: `RefreshError.status` where it holds something else.
  static func read(_ path: String) throws(RefreshError) -> RefreshStatus? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: maximumBytes + 1)) ?? Data()
    guard data.count <= maximumBytes,
      let status = try? decoder.decode(RefreshStatus.self, from: data)
    else { throw .status(path: path) }
    return status
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  /// Writes the file; it appears whole or not at all. It need not last through a power cut.
  package func write(_ path: String) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// What can go wrong with a refresh.
public enum RefreshError: Error, Equatable, CustomStringConvertible {
  /// An option has a value that cannot be.
  case option(name: String, expected: String, found: String)
  /// Another one is at work.
  case busy
  /// There are too few frames.
  case frames(expected: Int, found: Int)
  /// The device had better rest, or somebody said stop.
  case stopped(reason: String)
  /// The status file holds something else.
  case status(path: String)
  /// The model cannot be purified.
  case model(expected: String, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .busy: "expected no other refresh, found one at work"
    case .frames(let expected, let found):
      "expected at least \(expected) captured frames, found \(found): wait until the camera has "
        + "seen more"
    case .stopped(let reason): reason
    case .status(let path): "\(path): expected the state of a refresh, found other text"
    case .model(let expected, let found): "expected \(expected), found \(found)"
    }
  }
}
