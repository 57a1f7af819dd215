import Foundation
import Frames
import Tensors
import Testing

@testable import Reservoir

/// A folder's place that is removed again; the folder itself is made by who is tested.
final class TemporaryPlace {
  let path = NSTemporaryDirectory() + "/reservoir-" + UUID().uuidString

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  var pictures: [String] { names.filter { $0.hasSuffix(".jpg") } }

  func make() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
  }

  /// The permission bits of the folder, or of a file in it.
  func mode(_ name: String? = nil) throws -> Int {
    let path = name.map { "\(self.path)/\($0)" } ?? path
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }
}

/// A picture of coloured rectangles that no other number has.
func picture(_ number: Int, width: Int = 32, height: Int = 24) throws -> Image {
  var random = SeededRandom(UInt64(bitPattern: Int64(number)), 0x7069_6374)
  var image = try Image(width: width, height: height, red: 90, green: 100, blue: 110)
  for _ in 0..<5 {
    let (left, top) = (random.integer(below: width), random.integer(below: height))
    let (right, bottom) = (
      min(left + width / 3, width), min(top + height / 3, height)
    )
    let shades = (0..<3).map { _ in UInt8(random.integer(below: 256)) }
    for row in top..<bottom {
      for column in left..<right {
        for channel in 0..<3 {
          image.pixels[(row * width + column) * 3 + channel] = shades[channel]
        }
      }
    }
  }
  return image
}

/// What a camera delivers, at times that follow from each other.
struct Recording {
  /// A Sunday, midnight in UTC.
  static let date = Date(timeIntervalSince1970: 1_700_352_000)
  let start = ContinuousClock.now

  /// - Parameters:
  ///   - seconds: since the recording began, by both clocks.
  ///   - leap: seconds by which the clock is wrong.
  func frame(
    _ image: Image, at seconds: Double, camera: String = "yard", leap: Double = 0,
    jpeg: [UInt8]? = nil
  ) -> Frame {
    Frame(
      camera: camera, sequence: 0, captured: start.advanced(by: .seconds(seconds)),
      date: Self.date.addingTimeInterval(seconds + leap), image: image, jpeg: jpeg)
  }

  func frame(_ number: Int, at seconds: Double, camera: String = "yard") throws -> Frame {
    frame(try picture(number), at: seconds, camera: camera)
  }
}

extension ReservoirOptions {
  /// Every offered picture is looked at and none is a duplicate, on a disk as full as it may be.
  static var all: ReservoirOptions {
    ReservoirOptions(interval: .zero, duplicateDistance: 0, reservedBytes: 0)
  }
}

extension Reservoir {
  /// Opens one at the beginning of the recordings.
  convenience init(_ place: TemporaryPlace, _ options: ReservoirOptions = .all) throws {
    try self.init(directory: place.path, options: options, now: Recording.date)
  }

  /// One in memory.
  convenience init(_ options: ReservoirOptions) throws {
    try self.init(directory: nil, options: options, now: Recording.date)
  }
}
