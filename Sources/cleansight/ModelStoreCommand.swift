import ArgumentParser
import Daemon
import Foundation
import ModelStore
import Settings

/// Where the daemon's model store is.
struct ModelStoreArguments: ParsableArguments {
  @Option(help: "The daemon's configuration file.") var config: String?
  @Option(help: "The daemon's state directory; without it that of the configuration.")
  var stateDirectory: String?
  @Option(help: "The installed model's folder; without it that of the configuration.")
  var model: String?

  /// - Throws: `SettingsError`, `ModelStoreError`.
  func read() throws -> (directory: String, factory: String, options: ModelStore.Options) {
    var overrides = SettingsOverrides()
    overrides.stateDirectory = stateDirectory
    overrides.model = model
    // The service's configuration and folder, where nothing is said and they are there.
    let manager = FileManager.default
    let (usual, service) = ("/etc/cleansight/cleansight.yaml", "/var/lib/cleansight")
    let isSilent = config == nil && stateDirectory == nil
    let file = config ?? (isSilent && manager.isReadableFile(atPath: usual) ? usual : nil)
    var settings = try ConfigurationSource(file: file, overrides: overrides).load()
    if settings.stateDirectory == nil, stateDirectory == nil, manager.fileExists(atPath: service) {
      settings.stateDirectory = service
    }
    return (
      ModelKeeper.directory(settings, .current), try Locations.current.model(settings),
      try ModelKeeper.options(settings)
    )
  }

  /// Changes the store; what root makes there belongs to the service afterwards.
  func change<Result>(_ body: (ModelStore) throws -> Result) throws -> Result {
    let (directory, factory, options) = try read()
    defer { giveToOwner(directory) }
    return try body(ModelStore(directory: directory, factory: factory, options: options))
  }

  private func giveToOwner(_ directory: String) {
    let above = (directory as NSString).deletingLastPathComponent
    var status = stat()
    guard geteuid() == 0, stat(above, &status) == 0, status.st_uid != 0 else { return }
    lchown(directory, status.st_uid, status.st_gid)
    let names = FileManager.default.enumerator(atPath: directory)
    while let name = names?.nextObject() as? String {
      lchown("\(directory)/\(name)", status.st_uid, status.st_gid)
    }
  }
}

extension ModelCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the versions of the daemon's model.",
      discussion: "* serves, < is gone back to by `rollback`.")

    @OptionGroup var arguments: ModelStoreArguments
    @Flag(help: "Print JSON, with what the gate said.") var json = false

    func run() throws {
      let (directory, factory, options) = try arguments.read()
      let versions = try ModelStoreReader(
        directory: directory, factory: factory, policy: options.policy
      ).list()
      if json {
        return print("[\(versions.map { $0.json.prettyText }.joined(separator: ",\n"))]")
      }
      for version in versions { print(Self.line(version)) }
    }

    private static func line(_ version: ModelVersion) -> String {
      let mark = version.isCurrent ? "*" : version.isPrevious ? "<" : " "
      let state =
        version.place == .rejected
        ? "refused by the gate"
        : version.problem ?? version.rolledBack.map { "rolled back: \($0.reason)" }
          ?? (version.probation != nil ? "on probation" : version.isGood ? "good" : "not tried")
      return
        "\(mark) \(version.id.prefix(12))  \(version.origin.rawValue.padded(9))  "
        + "\((version.created ?? "").padded(20))  \(version.bytes >> 20) MiB  "
        + "\(version.signature), \(state)"
    }
  }

  struct Activate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a version serve, or a model folder, which is put into the store first.",
      discussion: "The daemon takes it over within seconds, between two frames.")

    @Argument(help: "The beginning of a version's id, of 6 digits or more; or a model folder.")
    var version: String
    @OptionGroup var arguments: ModelStoreArguments
    @Flag(help: "It has to prove itself first: one that fails is taken back.")
    var probation = false

    func run() throws {
      let chosen = try arguments.change { store in
        let id = try id(store)
        try store.activate(id, probation: probation)
        return id
      }
      print("\(chosen.prefix(12)) serves")
    }

    private func id(_ store: ModelStore) throws -> String {
      if FileManager.default.fileExists(atPath: version + "/model.json") {
        return try store.install(bundleAt: version).id
      }
      let found = try store.list().filter {
        $0.place != .rejected && version.count >= 6 && $0.id.hasPrefix(version)
      }
      guard let first = found.first, Set(found.map(\.id)).count == 1 else {
        throw ValidationError(
          "expected a model folder or the beginning of one version's id, found \(version), which is "
            + "\(found.isEmpty ? "none's" : "that of \(found.count)")")
      }
      return first.id
    }
  }

  struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Go back to the version before, for good.")

    @OptionGroup var arguments: ModelStoreArguments

    func run() throws {
      let selection = try arguments.change { try $0.rollback(reason: "a person said so") }
      print("\(selection.id.prefix(12)) serves")
    }
  }

  struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key to sign models with.",
      discussion: "PATH holds the secret half, for you only; PATH.pub goes into trusted-keys.")

    @Argument(help: "The key's file.") var path: String
    @Option(help: "A comment for the public half.") var comment = ""

    func run() throws {
      let key = try SigningKey.make(file: path)
      try key.writePublicKey(to: path + ".pub", comment: comment)
      print("\(path), \(path).pub: \(key.publicKey(name: path).fingerprint)")
    }
  }

  struct Sign: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign a model folder; writes model.json.sig there.")

    @Argument(help: "The model's folder.") var model: String
    @Option(help: "The key's file, made by `cleansight model keygen`.") var key: String

    func run() throws {
      try ModelSignature.sign(bundleAt: model, with: SigningKey(file: key))
      print("\(model)/\(ModelSignature.fileName)")
    }
  }
}

extension String {
  fileprivate func padded(_ count: Int) -> String {
    padding(toLength: max(count, self.count), withPad: " ", startingAt: 0)
  }
}
