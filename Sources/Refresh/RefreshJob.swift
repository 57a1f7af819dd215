import DataSets
import Detection
import DetectorPurification
import Engine
import Foundation
import Gate
import ModelStore
import Models
import Purification
import RefreshStatus
import Reservoir
import Sifting

/// A refresh from beginning to end: captured frames are screened, the trunk of the installed model is
/// purified from them, and the candidate replaces the model that serves if the gate lets it.
///
/// It begins at the model as it was installed, never at an earlier refresh's, so that small losses do
/// not add up from night to night. It runs in a process of its own, which may be killed at any instant.
public struct RefreshJob {
  private let options: RefreshOptions
  private let store: ModelStore
  private let reservoir: ReservoirReader
  private let folder: RefreshFolder
  /// Where the chosen frames are, on the file system of the reservoir.
  private let chosen: String
  private let engine: EngineOptions
  private let key: SigningKey?

  /// A refresh.
  /// - Parameters:
  ///   - chosen: a folder beside the reservoir, for links to the frames that are used.
  ///   - key: signs what the device makes; nil: it is not signed.
  /// - Throws: what the options' `validate()` throws.
  public init(
    _ options: RefreshOptions, store: ModelStore, reservoir: ReservoirReader,
    chosen: String, folder: RefreshFolder, engine: EngineOptions, key: SigningKey? = nil
  ) throws {
    try options.validate()
    self.options = options
    self.store = store
    self.reservoir = reservoir
    self.folder = folder
    self.chosen = chosen
    self.engine = engine
    self.key = key
  }

  /// Runs to an end; how it ended stands in the status file too.
  /// - Parameter isCancelled: asked between steps.
  /// - Throws: `RefreshError.busy` where another one is at work; everything else is an end of its own.
  public func run(
    isCancelled: @escaping () -> Bool = { false },
    progress: @escaping (RefreshStatus) -> Void = { _ in }
  ) throws -> RefreshStatus {
    let lock = try folder.begin()
    defer { withExtendedLifetime(lock) {} }
    let board = RefreshBoard(folder, progress: progress)
    let rest = RestCheck(options.conditions, folder: folder, isCancelled: isCancelled)
    do {
      try work(board, rest)
    } catch {
      board.finish(rest.reason == nil ? .failed : .stopped, rest.reason ?? "\(error)")
    }
    try? FileManager.default.removeItem(atPath: folder.candidate)
    if board.status.phase == .accepted || board.status.phase == .rejected {
      for file in [folder.checkpoint, folder.selection, chosen] {
        try? FileManager.default.removeItem(atPath: file)
      }
    }
    return board.status
  }

  /// Versions that are kept beside those that are needed.
  private static let keptVersions = 4

  private func work(_ board: RefreshBoard, _ rest: RestCheck) throws {
    try rest.check()
    let versions = try store.list()
    guard let serving = versions.first(where: \.isCurrent) else {
      throw RefreshError.model(expected: "a model that serves", found: "none")
    }
    guard
      let base = serving.base(in: versions) ?? versions.first(where: { $0.place == .factory })
    else {
      throw RefreshError.model(expected: "a model to begin with", found: "none")
    }
    let given = try ModelBundle(directory: base.directory)
    let selection = try select(base: base.id)
    let engine = try Engine(engine)

    board.begin(.sifting, "screening \(selection.training.count) frames")
    let training = try sift(selection, given, board, rest)
    board.begin(.purifying, "purifying from \(training.count) frames")
    let candidate = try purify(training, given, engine, board, rest)
    board.begin(.judging, "judging by \(selection.judging.count) frames")
    let report = try judge(
      candidate, serving: ModelBundle(directory: serving.directory), selection.judging, board, rest)
    board.begin(.installing, "")
    try install(report, base: base, board)
  }

  private func select(base: String) throws -> FrameSelection {
    if let kept = FrameSelection(file: folder.selection, folder: chosen, base: base) { return kept }
    try? FileManager.default.removeItem(atPath: folder.checkpoint)
    let entries = try reservoir.snapshot()
    let selection = FrameSelection(
      entries, base: base, training: options.frames, judging: options.gate.frames)
    // One of five is kept to judge by where there are few.
    let needed = max(
      options.minimumFrames * 5 / 4,
      options.gate.thresholds.minimumFrames * FrameSelection.judgingStrides.few)
    guard entries.count >= needed else {
      throw RefreshError.frames(expected: needed, found: entries.count)
    }
    try selection.link(entries, into: chosen)
    try selection.write(folder.selection)
    return selection
  }

  private func frames(_ ids: [String], _ bundle: ModelBundle) throws -> FrameSet {
    let canvas = try DetectionOptions.canvas(of: bundle.manifest)
    let folder = try ImageFolder(chosen).keeping(Set(ids.map { "\($0).jpg" }))
    return try FrameSet(
      folder, width: canvas.width, height: canvas.height,
      minimumCount: options.purification.batch, threads: engine.threads)
  }

  private func sift(
    _ selection: FrameSelection, _ bundle: ModelBundle, _ board: RefreshBoard, _ rest: RestCheck
  ) throws -> FrameSet {
    let all = try frames(selection.training, bundle)
    guard let sifting = options.sifting else {
      board.used(all.count, suspect: 0)
      return all
    }
    let probe = try TriggerProbe(FasterRCNN(bundle: bundle, options: engine), options: sifting)
    let sieve = FrameSieve(probe, count: all.count, frame: all.frame)
    let measures = try sieve.measure(isCancelled: { rest.isOver }) {
      board.step($0, of: all.count, left: nil)
    }
    let cameras = all.names.map { selection.cameras[String($0.dropLast(".jpg".count))] ?? "" }
    let kept = SiftedFrames(measures, cameras: cameras, options: sifting).kept
    guard kept.count >= options.purification.batch else {
      throw RefreshError.frames(expected: options.purification.batch, found: kept.count)
    }
    board.used(kept.count, suspect: all.count - kept.count)
    return all.keeping(kept)
  }

  private func purify(
    _ frames: FrameSet, _ bundle: ModelBundle, _ engine: Engine, _ board: RefreshBoard,
    _ rest: RestCheck
  ) throws -> ModelBundle {
    let purifier = try DetectorPurifier(
      bundle, frames: frames, engine: engine, options: options.purification)
    func run(resumes: Bool) throws -> DetectorPurifier.Result {
      try purifier.run(
        checkpoint: folder.checkpoint, resumes: resumes, isCancelled: { rest.isOver }
      ) { board.step($0.step, of: $0.steps, left: $0.secondsLeft) }
    }
    let result: DetectorPurifier.Result
    do {
      result = try run(resumes: FileManager.default.fileExists(atPath: folder.checkpoint))
    } catch let error as PurificationError {
      guard case .checkpoint = error else { throw error }
      // Other frames were kept this time, or the program is another: from the beginning.
      result = try run(resumes: false)
    }
    try DetectorWriter(of: bundle).write(
      to: folder.candidate, name: bundle.manifest.name, changing: bundle,
      account:
        "Refreshed on the device: \(result.losses.count) steps on \(result.frames) of its frames.",
      parameter: purifier.parameter)
    if let key { _ = try ModelSignature.sign(bundleAt: folder.candidate, with: key) }
    return try ModelBundle(directory: folder.candidate)
  }

  private func judge(
    _ candidate: ModelBundle, serving: ModelBundle, _ ids: [String], _ board: RefreshBoard,
    _ rest: RestCheck
  ) throws -> GateReport {
    func model(_ bundle: ModelBundle) throws -> GateModel {
      GateModel(detector: try FasterRCNN(bundle: bundle, options: engine), bundle: bundle)
    }
    return try CandidateGate(options.gate).judge(
      serving: model(serving), candidate: model(candidate),
      frames: GateFrames(count: ids.count) {
        try ImageFolder.image(at: "\(chosen)/\(ids[$0]).jpg")
      },
      isCancelled: { rest.isOver }
    ) { board.step($0.done, of: $0.total, left: $0.secondsLeft) }
  }

  private func install(
    _ report: GateReport, base: ModelVersion, _ board: RefreshBoard
  ) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys]
    let text = Array(try encoder.encode(report))
    switch report.verdict {
    case .passed:
      let version = try store.install(
        bundleAt: folder.candidate, origin: .refresh, parent: base.id, gate: text)
      try store.activate(version.id, probation: true)
      // Those before would fill the disk. One that somebody installed may be what refreshes begin at.
      if base.place == .factory { _ = try? store.prune(keeping: Self.keptVersions) }
      board.judged(version.id, reasons: nil)
      board.finish(.accepted, "the purified model takes over")
    case .rejected(let reasons), .undecided(let reasons):
      let version = try store.reject(
        bundleAt: folder.candidate, parent: base.id, reasons: text)
      board.judged(version?.id, reasons: reasons)
      board.finish(.rejected, "the model that serves goes on: \(reasons.joined(separator: "; "))")
    }
  }
}
