import Foundation
import Models

/// Whose models a store lets in.
public enum SignaturePolicy: Sendable {
  /// Anybody's; signatures are not looked at.
  case none
  /// Only what one of these keys signed.
  case required(TrustedKeys)
}

/// What a store lets in.
public struct StorePolicy: Sendable {
  /// Whose models.
  public var signatures: SignaturePolicy
  /// Whether the factory model needs neither signature nor serial: it came with the program, from
  /// the same source.
  public var trustsFactory: Bool
  /// The smallest `serial` of a manifest; nil lets every one in. The store may know a larger one
  /// (`ModelStore.raiseMinimumSerial(to:)`), and the larger one counts.
  public var minimumSerial: Int?

  /// A policy; everything is let in unless told otherwise.
  public init(
    signatures: SignaturePolicy = .none, trustsFactory: Bool = true, minimumSerial: Int? = nil
  ) {
    self.signatures = signatures
    self.trustsFactory = trustsFactory
    self.minimumSerial = minimumSerial
  }

  /// Checks a manifest and the signature that stands beside it.
  /// - Throws: `PolicyRefusal`; `FileError` where the signature is there and cannot be read.
  func check(
    _ manifest: ModelManifest, bytes: [UInt8], directory: String, minimum: Int?
  ) throws {
    var signature: ModelSignature?
    if case .required = signatures {
      do { signature = try ModelSignature.read(bundleAt: directory) } catch let error
        as ModelStoreError
      { throw PolicyRefusal.malformed(reason: error.description) }
    }
    try check(manifest, bytes: bytes, signature: signature, minimum: minimum)
  }

  /// Checks a manifest and its signature.
  func check(
    _ manifest: ModelManifest, bytes: [UInt8], signature: ModelSignature?, minimum: Int?
  ) throws(PolicyRefusal) {
    if case .required(let keys) = signatures {
      guard let signature else { throw .unsigned }
      guard keys.signer(of: bytes, signature) != nil else {
        throw .untrusted(keys: keys.keys.count)
      }
    }
    guard let minimum = [minimumSerial, minimum].compactMap(\.self).max() else { return }
    guard let serial = manifest.serial, serial >= minimum else {
      throw .serial(found: manifest.serial, minimum: minimum)
    }
  }
}

extension ModelStore {
  /// How a store works.
  public struct Options: Sendable {
    /// What it lets in.
    public var policy: StorePolicy
    /// Bytes of the disk that an installation leaves free.
    public var reserveBytes = 256 << 20
    /// Starts within which a version on probation has to be marked good, 1 or more.
    public var probationAttempts = 3
    /// Refused candidates that are kept, 0 or more.
    public var rejectedLimit = 3
    /// How long a writer waits for another one.
    public var lockTimeout = Duration.seconds(30)
    /// Limits of the weights' files.
    public var limits = SafetensorsReader.Limits()

    /// Looks at every step; for tests.
    package var hooks: StoreHooks?
    /// What time it is; tests give their own.
    package var now: @Sendable () -> Date = { Date() }

    /// The defaults, with a policy.
    public init(policy: StorePolicy = StorePolicy()) { self.policy = policy }

    func validate() throws(ModelStoreError) {
      func check(_ name: String, _ value: Int, from minimum: Int) throws(ModelStoreError) {
        guard value >= minimum else {
          throw .option(name: name, expected: "\(minimum) or more", found: "\(value)")
        }
      }
      try check("reserveBytes", reserveBytes, from: 0)
      try check("probationAttempts", probationAttempts, from: 1)
      try check("rejectedLimit", rejectedLimit, from: 0)
      if let serial = policy.minimumSerial { try check("minimumSerial", serial, from: 0) }
    }
  }
}
