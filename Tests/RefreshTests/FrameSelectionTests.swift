import Foundation
import Frames
import Reservoir
import Testing

@testable import Refresh

/// Which frames a refresh uses.
@Suite struct FrameSelectionTests {
  /// Entries of a reservoir, oldest first.
  private func entries(_ count: Int, in directory: String? = nil) throws -> [ReservoirEntry] {
    var options = ReservoirOptions()
    (options.interval, options.duplicateDistance) = (.zero, 0)
    let reservoir = try Reservoir(directory: directory, options: options)
    let (start, date) = (ContinuousClock.now, Date(timeIntervalSinceNow: -86_400))
    for index in 0..<count {
      _ = reservoir.offer(
        Frame(
          camera: "a", sequence: UInt64(index), captured: start + .seconds(60 * index),
          date: date + Double(60 * index),
          image: try Image(width: 32, height: 32, red: UInt8(index % 250), green: 9, blue: 9)))
    }
    return reservoir.entries
  }

  @Test(arguments: [
    (many: 700, training: 512, judging: 64), (many: 576, training: 512, judging: 64),
    (many: 200, training: 160, judging: 40), (many: 80, training: 64, judging: 16),
    (many: 3, training: 3, judging: 0),
  ])
  func framesToTrainOnAndToJudgeByAreApart(
    _ expected: (many: Int, training: Int, judging: Int)
  ) throws {
    let entries = try entries(expected.many)
    #expect(entries.count == expected.many)
    let selection = FrameSelection(entries, base: "b", training: 512, judging: 64)
    #expect(selection.training.count == expected.training)
    #expect(selection.judging.count == expected.judging)
    #expect(Set(selection.training).isDisjoint(with: selection.judging))
    // Spread over all that there are.
    let places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.id, $0) })
    let used = (selection.training + selection.judging).compactMap { places[$0] }
    #expect(used.count == selection.training.count + selection.judging.count)
    #expect((used.max() ?? 0) >= expected.many * 9 / 10 - 1 && used.min() == 0)
  }

  @Test func howeverFewAreTrainedOnThereAreEnoughToJudgeBy() throws {
    let entries = try entries(170)
    let selection = FrameSelection(entries, base: "b", training: 8, judging: 64)
    #expect(selection.training.count == 8 && selection.judging.count == 34)
    let places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.id, $0) })
    #expect(selection.training.compactMap { places[$0] }.max() ?? 0 > 120)
  }

  @Test func whatWasKeptIsTakenUpWhileItHolds() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "selection-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (file, folder) = (path + "/selection.json", path + "/chosen")
    let entries = try entries(20, in: path + "/frames")
    let now = Date()
    let selection = FrameSelection(entries, base: "b", training: 10, judging: 2, now: now)
    try selection.link(entries, into: folder)
    try selection.write(file)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(Set(names) == Set((selection.training + selection.judging).map { $0 + ".jpg" }))
    #expect(selection.training.allSatisfy { selection.cameras[$0] == "a" })
    func kept(base: String = "b", after seconds: Double = 60) -> FrameSelection? {
      FrameSelection(file: file, folder: folder, base: base, now: now + seconds)
    }
    #expect(kept() == selection)
    #expect(kept(base: "c") == nil)
    #expect(kept(after: 90_000) == nil)
    #expect(kept(after: -90_000) == nil)
    // The reservoir lets go of all of them; one that is chosen stays.
    try FileManager.default.removeItem(atPath: path + "/frames")
    #expect(kept() == selection)
    try FileManager.default.removeItem(atPath: "\(folder)/\(selection.training[3]).jpg")
    #expect(kept() == nil)
    try Data("[]".utf8).write(to: URL(fileURLWithPath: file))
    #expect(kept() == nil)
    #expect(FrameSelection(file: file + "x", folder: folder, base: "b") == nil)
  }
}
