import Foundation
import Testing

@testable import Cameras

@Suite struct ImageFolderTests {
  @Test func showsTheFolderInTheOrderOfNamesAndAgain() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("b.JPG", try jpeg(100))
    _ = try folder.write("a.jpeg", try jpeg(10))
    _ = try folder.write("c.jpg", try jpeg(200, width: 16, height: 8))
    _ = try folder.write("notes.txt", [1])
    _ = try folder.write(".hidden.jpg", [1])
    let session = try makeCameraSource(address: "images:\(folder.path)?fps=0").open()
    #expect(session.mode.width == 48)
    var shades: [UInt8?] = []
    for _ in 0..<4 { shades.append(try session.next(timeout: .seconds(1))?.shade) }
    #expect(shades == [10, 100, 200, 10])
    #expect(session.refusals.isEmpty)
  }

  @Test func skipsAndCountsWhatIsNoPicture() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("1.jpg", [])
    _ = try folder.write("2.jpg", Array("GIF89a".utf8))
    _ = try folder.write("3.jpg", try jpeg(30))
    _ = try folder.write("4.jpg", [UInt8](repeating: 0, count: (16 << 20) + 1))
    try FileManager.default.createDirectory(
      atPath: folder.path + "/5.jpg", withIntermediateDirectories: false)
    let session = try makeCameraSource(address: "images:\(folder.path)?fps=0&loop=false").open()
    #expect(try session.next(timeout: .zero)?.shade == 30)
    #expect(throws: CameraError.ended(folder.path)) { try session.next(timeout: .zero) }
    #expect(
      session.refusals == ["empty": 1, "invalid": 1, "too-large": 1, "unreadable": 1])
  }

  @Test func saysWhatIsWrongWithTheFolder() throws {
    let folder = try TemporaryFolder()
    func failure(_ path: String) -> String? {
      do {
        _ = try makeCameraSource(address: "images:" + path).open()
        return nil
      } catch { return "\(error)" }
    }
    #expect(failure(folder.path + "/none")?.contains("No such file") == true)
    #expect(failure(folder.path)?.contains("found 0 other files") == true)
    let file = try folder.write("a.jpg", [1, 2, 3])
    #expect(failure(file)?.contains("found a file") == true)
    #expect(failure(folder.path)?.contains("none of the 1 files") == true)
  }

  @Test func passesOverWhatNobodyFetched() throws {
    let folder = try TemporaryFolder()
    for index in 0..<10 { _ = try folder.write("\(index).jpg", try jpeg(UInt8(index * 20))) }
    let session = try makeCameraSource(address: "images:\(folder.path)?fps=25").open()
    #expect(try session.next(timeout: .zero)?.shade == 0)
    #expect(try session.next(timeout: .milliseconds(2)) == nil)
    Nap.sleep(for: .milliseconds(210))
    let picture = try #require(try session.next(timeout: .seconds(1)))
    let overtaken = Int(try #require(session.refusals["overtaken"]))
    #expect(overtaken >= 4)
    #expect(picture.shade == UInt8((1 + overtaken) % 10 * 20))
  }
}
