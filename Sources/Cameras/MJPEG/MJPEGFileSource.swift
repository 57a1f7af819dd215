import Foundation
import Frames
import Glibc

/// JPEGs one after the other: in a file, at a rate; or from a pipe, as they come.
public struct MJPEGFileSource: CameraSource {
  /// The address as written in the configuration.
  public let address: String
  /// The file or named pipe; nil: standard input.
  public let path: String?
  /// The rate of a file; 0: as fast as it is asked for. A pipe has its own.
  public let framesPerSecond: Double
  /// Whether a file begins again after its end.
  public let loops: Bool

  /// Standard input.
  public init(address: String) {
    self.address = address
    path = nil
    framesPerSecond = 0
    loops = false
  }

  /// A file or named pipe.
  public init(address: String, path: String, framesPerSecond: Double, loops: Bool) {
    self.address = address
    self.path = path
    self.framesPerSecond = framesPerSecond
    self.loops = loops
  }

  /// Opens the file; of a regular file the first picture is read too.
  /// - Throws: `CameraError`.
  public func open() throws -> any CameraSession {
    let input = try ByteInput(path: path)
    return input.isPaced
      ? try MJPEGFileSession(input, framesPerSecond: framesPerSecond, loops: loops)
      : MJPEGPipeSession(input)
  }
}

/// A regular file, played at a rate.
final class MJPEGFileSession: CameraSession {
  private(set) var mode: CameraMode
  var refusals: [String: UInt64] {
    splitter.refusals.counts.merging(counter.counts, uniquingKeysWith: +)
  }
  private let input: ByteInput
  private let loops: Bool
  private var pacer: Pacer
  private var splitter = JPEGSplitter()
  private var counter = RefusalCounter()
  private var waiting: [[UInt8]] = []
  private var validSinceStart = false
  /// Bytes without a picture after which the file is given up.
  private static let longestBarren = 64 << 20

  init(_ input: ByteInput, framesPerSecond: Double, loops: Bool) throws {
    self.input = input
    self.loops = loops
    pacer = Pacer(framesPerSecond: framesPerSecond)
    mode = CameraMode(width: 0, height: 0, framesPerSecond: framesPerSecond, format: "MJPEG")
    do {
      let first = try nextPicture()
      mode.update(from: first)
      guard case .jpeg(let bytes) = first.payload else { return }
      waiting.insert(bytes, at: 0)
    } catch CameraError.ended {
      throw CameraError.unsuitable(
        path: input.name, expected: "a file of JPEGs", found: "none in it")
    }
  }

  func next(timeout: Duration) throws -> CapturedPicture? {
    guard pacer.wait(timeout: timeout) else { return nil }
    let missed = pacer.take(at: .now)
    for _ in 0..<min(missed, 1000) { _ = try nextPicture() }
    counter.add("overtaken", min(missed, 1000))
    let picture = try nextPicture()
    mode.update(from: picture)
    return picture
  }

  func close() { input.close() }

  /// - Throws: `CameraError.ended` at the end of a file that does not loop or holds no picture.
  private func nextPicture() throws -> CapturedPicture {
    var barren = 0
    while barren < Self.longestBarren {
      while !waiting.isEmpty {
        let bytes = waiting.removeFirst()
        do {
          let picture = try MJPEGPicture.make(bytes)
          validSinceStart = true
          return picture
        } catch {
          counter.add((error as? JPEGError)?.reason ?? "invalid")
        }
      }
      let count = try input.read { bytes in splitter.append(bytes) { waiting.append($0) } }
      if let count, count > 0 {
        barren += count
        continue
      }
      splitter.finish()
      guard loops, validSinceStart else { throw CameraError.ended(input.name) }
      validSinceStart = false
      try input.rewind()
    }
    throw CameraError.unsuitable(
      path: input.name, expected: "JPEGs one after the other", found: "\(barren) bytes without one")
  }
}

/// A pipe, whose writer sets the pace: the newest picture wins.
final class MJPEGPipeSession: CameraSession {
  private(set) var mode = CameraMode(width: 0, height: 0, framesPerSecond: 0, format: "MJPEG")
  var refusals: [String: UInt64] {
    splitter.refusals.counts.merging(counter.counts, uniquingKeysWith: +)
  }
  private let input: ByteInput
  private var splitter = JPEGSplitter()
  private var counter = RefusalCounter()
  /// Reads after which a picture is delivered though more bytes wait.
  private static let longestRun = 64

  init(_ input: ByteInput) { self.input = input }

  func next(timeout: Duration) throws -> CapturedPicture? {
    let end = ContinuousClock.now + timeout
    var newest: CapturedPicture?
    var reads = 0
    while reads < Self.longestRun {
      // With a picture in hand, only what waits already is read.
      let left = newest == nil ? max(end - .now, .zero) : .zero
      guard try input.wait(timeout: left) else { break }
      reads = newest == nil ? 0 : reads + 1
      var found: [[UInt8]] = []
      let count = try input.read { bytes in splitter.append(bytes) { found.append($0) } }
      for bytes in found {
        do {
          let picture = try MJPEGPicture.make(bytes)
          if newest != nil { counter.add("overtaken") }
          newest = picture
        } catch {
          counter.add((error as? JPEGError)?.reason ?? "invalid")
        }
      }
      if count == 0 {
        if newest != nil { break }
        splitter.finish()
        throw CameraError.ended(input.name)
      }
      if newest == nil, ContinuousClock.now >= end { break }
    }
    if let newest { mode.update(from: newest) }
    return newest
  }

  func close() { input.close() }
}
