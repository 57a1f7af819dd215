import DataSets
import Engine
import Foundation
import Models
import Purification
import Tensors
import Testing

@testable import DetectorPurification

/// Runs of a detector's purification that are interrupted and go on.
@Suite struct DetectorCheckpointTests {
  private let material: DetectorMaterial
  private let checkpoint: String
  private let options: PurificationOptions

  init() throws {
    material = try DetectorMaterial()
    checkpoint = material.path("run.checkpoint")
    var options = DetectorMaterial.options
    options.epochs = 2
    self.options = options
  }

  /// All parameters of the trunk.
  private func weights(_ purifier: DetectorPurifier) throws -> [String: [Float]] {
    let names = material.bundle.manifest.architecture.expectedParameters.map(\.name)
    return Dictionary(
      uniqueKeysWithValues: try names.compactMap { name in
        try purifier.parameter(name).map { (name, $0.values) }
      })
  }

  /// Runs until so many steps of the search and the training are done.
  private func interrupt(
    after steps: Int, _ options: PurificationOptions? = nil, resumes: Bool = false
  ) throws {
    var done = 0
    #expect(throws: PurificationError.self) {
      try material.purifier(options ?? self.options).run(
        checkpoint: checkpoint, resumes: resumes, isCancelled: { done == steps },
        progress: { _ in done += 1 })
    }
    #expect(done == steps && FileManager.default.fileExists(atPath: checkpoint))
  }

  /// Interrupted at once, in the search, after it, and in the middle of an epoch; with patches too, of
  /// which the weakest begin anew.
  @Test(arguments: [(0, 0), (2, 0), (3, 0), (7, 0), (2, 2), (7, 2)])
  func aResumedRunEndsInTheSameWeights(steps: Int, patches: Int) throws {
    var options = options
    if patches > 0 {
      (options.sharedCount, options.sharedPatches, options.addedShare) = (1, patches, 0.5)
    }
    let whole = try material.purifier(options)
    let expected = try whole.run()
    try interrupt(after: steps, options)
    let second = try material.purifier(options)
    var progress: [Int] = []
    let resumed = try second.run(
      checkpoint: checkpoint, resumes: true, progress: { progress.append($0.step) })
    #expect(progress.count == 9 - steps && progress.last == 6)
    #expect(resumed.losses == expected.losses && resumed.searched == expected.searched)
    #expect(resumed.prunedChannels == expected.prunedChannels)
    let (found, wanted) = (try weights(second), try weights(whole))
    #expect(found == wanted && !wanted.isEmpty)
    #expect(wanted.values.contains { $0.contains { $0 != 0 } })
  }

  @Test func aRunIsResumedTwice() throws {
    let whole = try material.purifier(options)
    _ = try whole.run()
    try interrupt(after: 2)
    try interrupt(after: 3, resumes: true)
    let third = try material.purifier(options)
    _ = try third.run(checkpoint: checkpoint, resumes: true)
    let (found, wanted) = (try weights(third), try weights(whole))
    #expect(found == wanted)
  }

  /// A run that ends without a warning: the last state that was kept is that of the step before.
  @Test func aKilledRunLosesNoMoreThanWasAllowed() throws {
    let copy = material.path("copy.checkpoint")
    let whole = try material.purifier(options)
    let expected = try whole.run(
      checkpoint: checkpoint, keptEvery: .zero,
      progress: { progress in
        guard progress.step == 5 else { return }
        try? FileManager.default.copyItem(atPath: checkpoint, toPath: copy)
      })
    let resumed = try material.purifier(options)
    var first: Int?
    let result = try resumed.run(
      checkpoint: copy, resumes: true, progress: { if first == nil { first = $0.step } })
    #expect(first == 5)
    #expect(result.losses == expected.losses)
    let (found, wanted) = (try weights(resumed), try weights(whole))
    #expect(found == wanted)
  }

  /// Within the minute nothing but the end of the search and of the run is kept.
  @Test func theStateIsKeptAfterTheSearchAndAtTheEnd() throws {
    var kept: [Bool] = []
    _ = try material.purifier(options).run(
      checkpoint: checkpoint, keptEvery: .seconds(86400),
      progress: { _ in kept.append(FileManager.default.fileExists(atPath: checkpoint)) })
    #expect(kept == [false, false, false, true, true, true, true, true, true])
    // Of the end: what is left to do is nothing, and no step is made.
    var steps = 0
    let again = try material.purifier(options).run(
      checkpoint: checkpoint, resumes: true, progress: { _ in steps += 1 })
    #expect(steps == 0 && again.losses.count == 6)
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    try interrupt(after: 4)
    func expectRefusal(_ what: String, _ purifier: DetectorPurifier) {
      #expect {
        try purifier.run(checkpoint: checkpoint, resumes: true)
      } throws: { error in
        guard case PurificationError.checkpoint(_, what, _, _) = error else { return false }
        return true
      }
    }
    var other = options
    other.seed = 2
    expectRefusal("options", try material.purifier(other))
    expectRefusal("engine", try material.purifier(threads: 1))
    let detector = try DetectorMaterial(scale: 1.5)
    expectRefusal("source", try detector.purifier(options))
    let frame = material.path("frames/f0.jpg")
    try FileManager.default.copyItem(atPath: frame, toPath: material.path("frames/more.jpg"))
    expectRefusal("data", try material.purifier(options))
    try FileManager.default.removeItem(atPath: material.path("frames/more.jpg"))
    // What was refused is still there to be resumed by the run that it belongs to.
    _ = try material.purifier(options).run(checkpoint: checkpoint, resumes: true)
  }

  /// One change to a good checkpoint each.
  @Test func impossibleStatesAreRefused() throws {
    try interrupt(after: 7)
    let good = try SafetensorsReader(path: checkpoint)
    func expectRefusal(
      _ name: String, _ shape: [Int], _ value: Float = 1, pruned: String? = nil
    ) throws {
      var items = try good.entries.filter { $0.name != name }.map {
        SafetensorsWriter.Item(name: $0.name, tensor: try good.tensor($0.name))
      }
      let values = [Float](repeating: value, count: shape.reduce(1, *))
      items.append(.init(name: name, tensor: try Tensor(shape: shape, values: values)))
      var metadata = good.metadata
      metadata["pruned"] = pruned ?? metadata["pruned"]
      let path = material.path("bad.checkpoint")
      try SafetensorsWriter.write(items, to: path, metadata: metadata)
      #expect(throws: (any Error).self, "\(name) \(shape) \(value) \(pruned ?? "")") {
        try material.purifier(options).run(checkpoint: path, resumes: true)
      }
    }
    try expectRefusal("losses", [7, 4])
    try expectRefusal("losses", [4, 3])
    try expectRefusal("losses", [16])
    // Steps without the whole search before them.
    try expectRefusal("searched", [2])
    try expectRefusal("searched", [4])
    try expectRefusal("measured", [3])
    try expectRefusal("measured", [4], 0)
    try expectRefusal("measured", [4], -1)
    try expectRefusal("shared:0", [17])
    try expectRefusal("velocity:backbone.body.conv1.weight", [17])
    try expectRefusal("unused", [1], pruned: "-1")
    try expectRefusal("unused", [1], pruned: "many")
    try expectRefusal("unused", [1], pruned: "100000")
    try Data("no checkpoint".utf8).write(to: URL(fileURLWithPath: checkpoint))
    #expect(throws: SafetensorsError.self) {
      try material.purifier(options).run(checkpoint: checkpoint, resumes: true)
    }
    #expect(throws: FileError.self) {
      try material.purifier(options).run(checkpoint: material.path("none"), resumes: true)
    }
  }

  @Test func aRunThatDivergesLeavesTheStateBefore() throws {
    try interrupt(after: 3)
    let before = try Data(contentsOf: URL(fileURLWithPath: checkpoint))
    var wild = options
    wild.learningRate = 1e30
    #expect(throws: PurificationError.self) {
      _ = try material.purifier(wild).run(checkpoint: material.path("wild"), keptEvery: .zero)
    }
    let kept = try SafetensorsReader(path: material.path("wild"))
    for entry in kept.entries { _ = try kept.tensor(entry.name) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: checkpoint)) == before)
  }
}
