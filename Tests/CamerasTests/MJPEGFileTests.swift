import Foundation
import Glibc
import Testing

@testable import Cameras

/// Everything a session gives until it is over.
private func drain(_ session: any CameraSession, limit: Int = 1000) throws -> [CapturedPicture] {
  var pictures: [CapturedPicture] = []
  do {
    while pictures.count < limit {
      if let picture = try session.next(timeout: .seconds(1)) { pictures.append(picture) }
    }
  } catch CameraError.ended {}
  return pictures
}

@Suite struct MJPEGFileTests {
  @Test func playsEveryPictureOnceAndEnds() throws {
    let folder = try TemporaryFolder()
    let pictures = try (0..<5).map { try jpeg(UInt8($0 * 50)) }
    let path = try folder.write("a.mjpeg", pictures.flatMap { $0 })
    let session = try makeCameraSource(address: "mjpeg:\(path)?fps=0").open()
    #expect(session.mode == CameraMode(width: 48, height: 32, framesPerSecond: 0, format: "MJPEG"))
    #expect(try drain(session).map(\.bytes) == pictures)
    #expect(throws: CameraError.ended(path)) { try session.next(timeout: .zero) }
    #expect(session.refusals.isEmpty)
    session.close()
  }

  @Test func beginsAgainWhereItLoops() throws {
    let folder = try TemporaryFolder()
    let pictures = try [jpeg(0), jpeg(200)]
    let path = try folder.write("a.mjpeg", pictures.flatMap { $0 })
    let session = try makeCameraSource(address: "mjpeg:\(path)?fps=0&loop=true").open()
    #expect(
      try drain(session, limit: 5).map(\.bytes)
        == [pictures[0], pictures[1], pictures[0], pictures[1], pictures[0]])
  }

  @Test func skipsAndCountsBrokenPictures() throws {
    let folder = try TemporaryFolder()
    let good = try [jpeg(0), jpeg(200)]
    // Its header promises a size beyond the limits.
    var vast = try jpeg(100)
    let frame = try #require(vast.indices.first { vast[$0...].starts(with: [0xff, 0xc0]) })
    vast[frame + 5] = 0xff
    let stream = good[0] + (try jpeg(50)).dropLast(4) + vast + good[1]
    let path = try folder.write("a.mjpeg", stream)
    let session = try makeCameraSource(address: "mjpeg:\(path)?fps=0").open()
    #expect(try drain(session).map(\.bytes) == good)
    #expect(session.refusals == ["no-end-marker": 1, "size": 1])
  }

  @Test(arguments: [[], [0, 1, 2], Array("not a picture at all".utf8)] as [[UInt8]])
  func saysThatAFileHoldsNoPictures(bytes: [UInt8]) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.mjpeg", bytes)
    for options in ["", "?loop=true"] {
      #expect(
        throws: CameraError.unsuitable(
          path: path, expected: "a file of JPEGs", found: "none in it")
      ) { try makeCameraSource(address: "mjpeg:\(path)\(options)").open() }
    }
  }

  @Test func saysThatAFileIsMissingOrAFolder() throws {
    let folder = try TemporaryFolder()
    let missing = folder.path + "/missing"
    #expect(throws: CameraError.system(call: "open", path: missing, code: ENOENT)) {
      try makeCameraSource(address: "mjpeg:\(missing)").open()
    }
    #expect { try makeCameraSource(address: "mjpeg:\(folder.path)").open() } throws: {
      "\($0)".contains("found a folder")
    }
  }

  @Test func keepsItsPaceAndPassesOverWhatNobodyFetched() throws {
    let folder = try TemporaryFolder()
    let pictures = try (0..<40).map { try jpeg(UInt8($0 * 6)) }
    let path = try folder.write("a.mjpeg", pictures.flatMap { $0 })
    let session = try makeCameraSource(address: "mjpeg:\(path)?fps=20").open()
    let first = try #require(try session.next(timeout: .zero))
    #expect(first.bytes == pictures[0])
    // The second is due in 50 ms.
    #expect(try session.next(timeout: .milliseconds(1)) == nil)
    let second = try #require(try session.next(timeout: .seconds(1)))
    #expect(second.captured - first.captured >= .milliseconds(45))
    Nap.sleep(for: .milliseconds(320))
    let late = try #require(try session.next(timeout: .seconds(1)))
    let overtaken = Int(try #require(session.refusals["overtaken"]))
    #expect(overtaken >= 5)
    #expect(late.bytes == pictures[2 + overtaken])
  }
}

@Suite struct MJPEGPipeTests {
  @Test func deliversTheNewestPictureAndSaysWhenTheWriterIsGone() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    let session = try makeCameraSource(address: "mjpeg:\(path)").open()
    #expect(session.mode.width == 0)
    #expect(try session.next(timeout: .milliseconds(20)) == nil)

    let writer = open(path, O_WRONLY)
    try #require(writer >= 0)
    let pictures = try (0..<3).map { try jpeg(UInt8($0 * 100)) }
    for bytes in pictures { try #require(write(writer, bytes, bytes.count) == bytes.count) }
    let picture = try #require(try session.next(timeout: .seconds(5)))
    #expect(picture.bytes == pictures[2])
    #expect(session.refusals == ["overtaken": 2])
    #expect(session.mode.width == 48 && session.mode.height == 32)

    let cut = Array(pictures[0].dropLast(4))
    try #require(write(writer, cut, cut.count) == cut.count)
    #expect(try session.next(timeout: .milliseconds(50)) == nil)
    close(writer)
    #expect(throws: CameraError.ended(path)) { try session.next(timeout: .seconds(5)) }
    #expect(session.refusals["no-end-marker"] == 1)
    session.close()
  }
}
