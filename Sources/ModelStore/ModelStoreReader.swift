import Foundation
import Models

/// Looks at a store without changing it and without its lock: everything it reads is replaced as a
/// whole, so that it sees the store before or after a change.
public struct ModelStoreReader: Sendable {
  let layout: StoreLayout
  let factory: String
  let policy: StorePolicy

  static let reasonsFileName = "reasons.json"

  /// - Parameters:
  ///   - directory: the store's folder; nothing is installed where it is not there.
  ///   - factory: the factory model's folder.
  ///   - policy: names the keys by which signatures are told.
  public init(directory: String, factory: String, policy: StorePolicy = StorePolicy()) {
    layout = StoreLayout(directory: directory)
    self.factory = factory
    self.policy = policy
  }

  /// The factory model's id; nil where its `model.json` cannot be read.
  public var factoryID: String? {
    (try? ModelBundle.manifestBytes(in: factory)).map(SHA256Digest.hex(of:))
  }

  /// The id of the version that serves; nil where it is the factory model.
  /// - Throws: `FileError` where the link cannot be read.
  public func currentID() throws -> String? { try layout.id(.current) }

  /// The smallest serial that is let in, from the policy and the store; nil where every one is.
  /// - Throws: `ModelStoreError.json`, `FileError`.
  public func minimumSerial() throws -> Int? {
    [policy.minimumSerial, try StoreState(path: layout.state)?.minimumSerial].compactMap(\.self)
      .max()
  }

  /// The factory model, the versions in the order in which they came, and the refused candidates.
  /// - Throws: `ModelStoreError.json` where the state cannot be read, `FileError`.
  public func list() throws -> [ModelVersion] {
    let state = try StoreState(path: layout.state) ?? StoreState()
    var list = [factoryVersion(hasCurrent: try currentID() != nil)]
    for (folder, place) in [
      (layout.versions, ModelVersion.Place.installed), (layout.rejected, .rejected),
    ] where StoreFiles.isFolder(folder) {
      let ids = try StoreFiles.names(in: folder).filter(StoreLayout.isID)
      let versions = ids.compactMap { version($0, place: place, state: state) }
      list += versions.sorted { ($0.sequence, $0.id) < ($1.sequence, $1.id) }
    }
    return list
  }

  private func factoryVersion(hasCurrent: Bool) -> ModelVersion {
    var version = ModelVersion(
      id: factoryID ?? "", place: .factory, directory: factory, origin: .factory)
    readManifest(into: &version)
    version.isCurrent = !hasCurrent
    version.isPrevious = hasCurrent && (try? layout.read(.previous)) == .factory
    version.isGood = true
    return version
  }

  /// One version; nil where it is gone.
  func version(_ id: String, place: ModelVersion.Place, state: StoreState) -> ModelVersion? {
    let directory = place == .rejected ? layout.rejection(id) : layout.version(id)
    guard StoreFiles.isFolder(directory) else { return nil }
    var version = ModelVersion(id: id, place: place, directory: directory, origin: .installed)
    readManifest(into: &version)
    do {
      let record = try VersionRecord(directory: directory)
      version.origin = record.origin
      version.created = record.created
      version.parent = record.parent
      version.sequence = record.sequence
      version.gate = record.gate.map { Array($0.compactText.utf8) }
    } catch {
      version.problem = version.problem ?? "\(error)"
    }
    version.rolledBack = state.rolledBack.last { $0.id == id }
    guard place == .installed else {
      version.gate = try? StoreFiles.read(
        ModelBundle.join(directory, Self.reasonsFileName), limit: StoreJSON.maximumBytes)
      return version
    }
    version.isCurrent = (try? layout.id(.current)) == id
    version.isPrevious = (try? layout.id(.previous)) == id
    version.isGood = state.good.contains(id)
    version.probation = version.isCurrent ? state.probation(id) : nil
    return version
  }

  private func readManifest(into version: inout ModelVersion) {
    do {
      let bytes = try ModelBundle.manifestBytes(in: version.directory)
      let path = ModelBundle.join(version.directory, ModelManifest.fileName)
      let manifest = try ModelManifest(json: bytes, path: path)
      version.name = manifest.name
      version.serial = manifest.serial
      version.bytes = manifest.files.reduce(bytes.count) { $0 + $1.bytes }
      version.signature = signature(of: bytes, in: version.directory)
    } catch {
      version.problem = "\(error)"
    }
  }

  private func signature(of bytes: [UInt8], in directory: String) -> SignatureStatus {
    let signature: ModelSignature?
    do { signature = try ModelSignature.read(bundleAt: directory) } catch {
      return .invalid(reason: "\(error)")
    }
    guard let signature else { return .unsigned }
    guard case .required(let keys) = policy.signatures else { return .unchecked }
    guard let signer = keys.signer(of: bytes, signature) else {
      return .invalid(reason: PolicyRefusal.untrusted(keys: keys.keys.count).description)
    }
    return .signed(by: signer.name)
  }
}
