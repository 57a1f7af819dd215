import Engine
import Foundation
import Frames
import Gate
import ModelStore
import Models
import RefreshStatus
import Reservoir
import Scenes
import Testing

@testable import Refresh

/// Whole refreshes of the delivered model from rendered frames.
@Suite(.serialized) struct RefreshJobTests {
  /// A device's folders.
  private final class Device {
    let path = FileManager.default.temporaryDirectory.appending(path: "device-\(UUID())").path
    var folder: RefreshFolder { RefreshFolder(stateDirectory: path) }
    let store: ModelStore

    static let factory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "models/default").path

    init(frames: Int) throws {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true)
      store = try ModelStore(directory: path + "/models", factory: Self.factory)
      var options = ReservoirOptions()
      (options.interval, options.duplicateDistance) = (.zero, 0)
      let reservoir = try Reservoir(directory: path + "/frames", options: options)
      let scene = try Scene(SceneOptions(width: 320, height: 240, seed: 5))
      let (start, date) = (ContinuousClock.now, Date(timeIntervalSinceNow: -7200))
      for index in 0..<frames {
        let outcome = reservoir.offer(
          Frame(
            camera: "door", sequence: UInt64(index), captured: start + .seconds(60 * index),
            date: date + Double(60 * index), image: try scene.frame(at: index * 60).image))
        try #require(outcome.id != nil, "\(outcome)")
      }
    }

    deinit {
      // The store's folders are read-only.
      let names = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
      for name in names { chmod("\(path)/\(name)", 0o700) }
      try? FileManager.default.removeItem(atPath: path)
    }

    /// Few frames and hardly any change, so that it takes seconds and the gate has nothing to say.
    static var options: RefreshOptions {
      var options = RefreshOptions()
      (options.frames, options.minimumFrames) = (16, 4)
      options.purification.pgdSteps = 1
      options.purification.pruning = 0
      options.purification.learningRate = 1e-6
      options.sifting?.columns = 1
      options.sifting?.rows = 1
      (options.gate.frames, options.gate.triggers, options.gate.objectTriggers) = (4, 4, 1)
      options.gate.thresholds.minimumFrames = 2
      options.gate.thresholds.minimumDetections = 4
      // Other tests run beside this one.
      options.gate.thresholds.slowdown = 1000
      options.conditions.minimumFreeBytes = 0
      options.conditions.maximumTemperature = 1000
      return options
    }

    func job(_ options: RefreshOptions = Device.options) throws -> RefreshJob {
      try RefreshJob(
        options, store: store, reservoir: ReservoirReader(directory: path + "/frames"),
        chosen: path + "/frames-chosen", folder: folder, engine: EngineOptions(threads: 2))
    }

    var current: ModelVersion? { get throws { try store.list().first(where: \.isCurrent) } }
  }

  @Test func anAcceptedCandidateServesOnProbation() throws {
    let device = try Device(frames: 20)
    var phases: [RefreshStatus.Phase] = []
    let status = try device.job().run(progress: { phases.append($0.phase) })
    #expect(status.phase == .accepted, "\(status)")
    let order = phases.reduce(into: [RefreshStatus.Phase]()) { if $0.last != $1 { $0.append($1) } }
    #expect(order == [.sifting, .purifying, .judging, .installing, .accepted])
    // A tenth of sixteen frames is left out as the most suspect.
    #expect(status.frames == 14 && status.suspectFrames == 2)
    let current = try #require(try device.current)
    #expect(current.origin == .refresh && current.probation != nil)
    #expect(current.id == status.candidate && current.parent == device.store.reader.factoryID)
    #expect(current.gate?.isEmpty == false)
    #expect(try device.folder.status() == status)
    let left = try FileManager.default.contentsOfDirectory(atPath: device.folder.path)
    #expect(Set(left) == ["lock", "status.json"])
    #expect(!FileManager.default.fileExists(atPath: device.path + "/frames-chosen"))
  }

  @Test func aRefusedCandidateIsKeptWithItsReasonsAndTheOldModelServes() throws {
    let device = try Device(frames: 20)
    var options = Device.options
    options.purification.learningRate = 0.05
    options.purification.epochs = 2
    let status = try device.job(options).run()
    #expect(status.phase == .rejected, "\(status)")
    #expect(status.reasons?.isEmpty == false)
    #expect(try device.current?.place == .factory)
    let rejected = try device.store.list().filter { $0.place == .rejected }
    #expect(rejected.map(\.id) == [status.candidate])
    let reasons = String(decoding: rejected.first?.gate ?? [], as: UTF8.self)
    #expect(reasons.contains("agreement"))
  }

  @Test func aStoppedOneGoesOnFromThere() throws {
    var options = Device.options
    options.purification.epochs = 2
    let undisturbed = try Device(frames: 20)
    let expected = try undisturbed.job(options).run()
    let device = try Device(frames: 20)
    var asked = 0
    let stopped = try device.job(options).run(
      isCancelled: {
        // Once while it learns.
        guard (try? device.folder.status())?.phase == .purifying else { return false }
        asked += 1
        return asked == 4
      })
    #expect(stopped.phase == .stopped && stopped.message == "stopped on command", "\(stopped)")
    #expect(try device.current?.place == .factory)
    #expect(FileManager.default.fileExists(atPath: device.folder.checkpoint))
    let status = try device.job(options).run()
    #expect(status.phase == .accepted, "\(status)")
    // The same weights; the frames' names tell the two devices' times apart.
    func weights(_ device: Device, _ status: RefreshStatus) throws -> String? {
      let version = try device.store.list().first { $0.id == status.candidate }
      return try version.flatMap {
        try ModelBundle(directory: $0.directory).manifest.weightsFile?.sha256
      }
    }
    let (own, other) = (try weights(device, status), try weights(undisturbed, expected))
    #expect(own != nil && own == other)
  }

  @Test func itStopsOnCommandAndWhereTheDeviceHasToRest() throws {
    let device = try Device(frames: 20)
    let status = try device.job().run(progress: {
      if $0.progress > 0 { try? device.folder.cancel() }
    })
    #expect(status.phase == .stopped && status.message == "stopped on command")
    var options = Device.options
    options.conditions.minimumFreeBytes = 1 << 60
    let resting = try device.job(options).run()
    #expect(resting.phase == .stopped && resting.message.hasPrefix("the disk is full"))
  }

  @Test func tooFewFramesAreSaid() throws {
    let device = try Device(frames: 3)
    let status = try device.job().run()
    #expect(status.phase == .failed)
    #expect(status.message.hasPrefix("expected at least 10 captured frames, found 3"))
    #expect(try device.current?.place == .factory)
  }

  @Test func impossibleOptionsAreRefused() throws {
    let device = try Device(frames: 0)
    var options = Device.options
    options.minimumFrames = 17
    #expect(throws: RefreshError.self) { try device.job(options) }
    options.frames = 0
    #expect(throws: RefreshError.self) { try device.job(options) }
  }
}
