import Foundation
import Models

extension ModelStore {
  /// Copies a model folder into the store, where it does not serve until it is activated. What is
  /// there already and sound stays as it is; what is there and damaged is replaced.
  /// - Parameters:
  ///   - source: the model's folder, with `model.json.sig` where it is signed.
  ///   - origin: where it comes from.
  ///   - parent: the id of the version it was made from.
  ///   - gate: what the gate said of it, a JSON text of at most 256 KiB that is kept as it is.
  /// - Returns: the version in the store.
  /// - Throws: `ModelStoreError.refused` where the policy does not let it in, `.noSpace` where the
  ///   disk would have less left than the reserve, `.json`, `.key`, `.locked`; `ModelError`,
  ///   `SafetensorsError` or `FileError` where the bundle is not sound or cannot be copied. Whatever
  ///   is thrown, nothing half-written is left behind.
  @discardableResult
  public func install(
    bundleAt source: String, origin: ModelOrigin = .installed, parent: String? = nil,
    gate: [UInt8]? = nil
  ) throws -> ModelVersion {
    let gate = try gate.map { bytes throws(ModelStoreError) in
      try StoreJSON.value(bytes, name: "gate")
    }
    if let parent, !StoreLayout.isID(parent) { throw ModelStoreError.unknown(id: parent) }
    // All that takes long and writes nothing comes before the lock.
    let bundle = try BundleSource(directory: source, limits: context.options.limits)
    try bundle.verifyWeights()
    return try change { session in
      try session.load()
      try session.install(bundle, origin: origin, parent: parent, gate: gate)
      return try described(bundle.id, place: .installed, session)
    }
  }

  /// Keeps a candidate that the gate refused, for a person to look at, among the last few; the oldest
  /// go. Where the disk has no room for its weights, they are left out.
  /// - Parameters:
  ///   - source: the candidate's folder.
  ///   - parent: the id of the version it was made from.
  ///   - reasons: why it was refused, a JSON text of at most 256 KiB.
  /// - Returns: the candidate in the store; nil where none is kept.
  /// - Throws: As `install(bundleAt:origin:parent:gate:)`, but the policy is not asked.
  @discardableResult
  public func reject(
    bundleAt source: String, parent: String? = nil, reasons: [UInt8]
  ) throws -> ModelVersion? {
    _ = try StoreJSON.value(reasons, name: ModelStoreReader.reasonsFileName)
    if let parent, !StoreLayout.isID(parent) { throw ModelStoreError.unknown(id: parent) }
    let bundle = try BundleSource(directory: source, limits: context.options.limits)
    guard context.options.rejectedLimit > 0 else { return nil }
    return try change { session in
      try session.load()
      try session.reject(bundle, parent: parent, reasons: reasons)
      return try described(bundle.id, place: .rejected, session)
    }
  }

  private func described(
    _ id: String, place: ModelVersion.Place, _ session: StoreSession
  ) throws -> ModelVersion {
    guard let version = reader.version(id, place: place, state: session.state) else {
      throw ModelStoreError.unknown(id: id)
    }
    return version
  }
}

/// A model folder to be copied: everything that is taken from it is checked against one reading of
/// its manifest, so that it does not matter who changes it meanwhile.
struct BundleSource {
  private let bundle: ModelBundle
  /// Its signature, where it has one.
  let signature: ModelSignature?
  let directory: String

  init(directory: String, limits: SafetensorsReader.Limits) throws {
    bundle = try ModelBundle(directory: directory, limits: limits)
    signature = try ModelSignature.read(bundleAt: directory)
    self.directory = directory
  }

  var id: String { bundle.id }
  var manifest: ModelManifest { bundle.manifest }
  var manifestBytes: [UInt8] { bundle.manifestBytes }
  /// Bytes of all files, and some for folders and the store's own files.
  var byteCount: Int {
    bundle.manifest.files.reduce(bundle.manifestBytes.count + 65_536) { $0 + $1.bytes }
  }

  func verifyWeights() throws { try bundle.verifyWeights() }
}

extension StoreSession {
  fileprivate mutating func install(
    _ source: BundleSource, origin: ModelOrigin, parent: String?, gate: JSONValue?
  ) throws {
    do {
      try options.policy.check(
        source.manifest, bytes: source.manifestBytes, signature: source.signature,
        minimum: state.minimumSerial)
    } catch {
      throw ModelStoreError.refused(path: source.directory, error)
    }
    if layout.has(source.id) {
      do {
        try admit(source.id)
        _ = try open(source.id)
        return
      } catch  where (Self.isFault(error) || error is PolicyRefusal) && !Self.isTransient(error) {
        // Damaged, or without the signature that the source has: it served nobody.
      }
    }
    try checkRoom(for: source)
    let record = try newRecord(source.id, origin: origin, parent: parent, gate: gate)
    try place(
      source, in: layout.version(source.id), record: record, others: [], withFiles: true)
  }

  fileprivate mutating func reject(
    _ source: BundleSource, parent: String?, reasons: [UInt8]
  ) throws {
    // Before the copy, so that their room counts.
    let kept = try rejectedBySequence().filter { $0 != source.id }
    for id in kept.dropLast(options.rejectedLimit - 1) { try discard(layout.rejection(id)) }
    var hasRoom = true
    do { try checkRoom(for: source) } catch ModelStoreError.noSpace { hasRoom = false }
    let record = try newRecord(source.id, origin: .refresh, parent: parent, gate: nil)
    try place(
      source, in: layout.rejection(source.id), record: record,
      others: [(ModelStoreReader.reasonsFileName, reasons)], withFiles: hasRoom)
  }

  /// The refused candidates, the oldest first; one whose record cannot be read comes before all.
  private func rejectedBySequence() throws -> [String] {
    let ids = try StoreFiles.names(in: layout.rejected).filter(StoreLayout.isID)
    let sequences = ids.map {
      ((try? VersionRecord(directory: layout.rejection($0)))?.sequence ?? 0, $0)
    }
    return sequences.sorted { $0 < $1 }.map(\.1)
  }

  private func checkRoom(for source: BundleSource) throws {
    let available = try freeBytes(at: layout.incoming)
    let reserve = options.reserveBytes
    guard available >= source.byteCount, available - source.byteCount >= reserve else {
      throw ModelStoreError.noSpace(
        path: layout.incoming, needed: source.byteCount, available: available, reserve: reserve)
    }
  }

  /// A record with a sequence number that was never given before: it is written down first.
  private mutating func newRecord(
    _ id: String, origin: ModelOrigin, parent: String?, gate: JSONValue?
  ) throws -> VersionRecord {
    state.lastSequence += 1
    try save()
    return VersionRecord(
      id: id, origin: origin, created: context.date, parent: parent,
      sequence: state.lastSequence, gate: gate)
  }

  /// Copies a bundle into `incoming`, and renames it into its place when all of it is on the disk.
  private func place(
    _ source: BundleSource, in place: String, record: VersionRecord, others: [(String, [UInt8])],
    withFiles: Bool
  ) throws {
    let folder = layout.incoming + "/" + source.id
    do {
      // Another process's, which was killed since this store was opened.
      try files.removeTree(folder)
      try files.makeFolder(folder, mode: 0o700)
      for file in withFiles ? source.manifest.files : [] { try copy(file, of: source, to: folder) }
      var texts = [(ModelManifest.fileName, source.manifestBytes)]
      if let signature = source.signature {
        texts.append((ModelSignature.fileName, Array(signature.text.utf8)))
      }
      texts += [(VersionRecord.fileName, record.text)] + others
      for (name, bytes) in texts {
        try files.create(folder + "/" + name, mode: 0o444, bytes: bytes)
      }
      try files.synchroniseFolder(folder)
      if StoreFiles.status(place) != nil { try discard(place) }
      try files.rename(folder, to: place)
    } catch {
      // After a step that tests stop at this does nothing, as after a kill.
      try? files.removeTree(folder)
      throw error
    }
    try files.synchroniseFolder((place as NSString).deletingLastPathComponent)
    try files.synchroniseFolder(layout.incoming)
    // Not before, for renaming a folder changes its "..".
    try files.changeMode(place, 0o555)
  }

  private func copy(_ file: ModelFile, of source: BundleSource, to folder: String) throws {
    let original = try ReadableFile(path: ModelBundle.join(source.directory, file.path))
    guard original.size == file.bytes else {
      throw ModelError.size(path: original.path, expected: file.bytes, found: original.size)
    }
    let hash = try files.copy(original, to: folder + "/" + file.path, mode: 0o444)
    guard hash == file.sha256 else {
      throw ModelError.hash(path: original.path, expected: file.sha256, found: hash)
    }
  }
}
