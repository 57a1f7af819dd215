import Crypto
import Foundation
import Models

/// The private half of an Ed25519 key: an owner's, or a device's own, with which it signs the
/// candidates that it makes. The file, for its owner only (0600), is one line: 32 bytes in base64.
public struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// A comment's bytes at most.
  private static let maximumCommentBytes = 256

  /// A new key, from the operating system's randomness, in memory only.
  public init() { key = Curve25519.Signing.PrivateKey() }

  /// Reads a key.
  /// - Throws: `ModelStoreError.key` where the file is no key or others may read it, `FileError`.
  public init(file path: String) throws {
    let file = try ReadableFile(path: path)
    guard file.permissions & 0o077 == 0 else {
      throw ModelStoreError.key(
        path: path, expected: "a file for its owner only (chmod 600)",
        found: "permissions of 0" + String(file.permissions, radix: 8))
    }
    guard file.size <= TrustedKey.maximumFileBytes else {
      throw ModelStoreError.key(
        path: path, expected: "at most \(TrustedKey.maximumFileBytes) bytes",
        found: "\(file.size)")
    }
    var line = try file.bytes(at: 0, count: file.size)[...]
    if line.last == UInt8(ascii: "\n") { line.removeLast() }
    guard let data = Data(base64Encoded: Data(line)),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: data)
    else {
      // What the file holds may be a secret and is not said.
      throw ModelStoreError.key(
        path: path, expected: "one line with 32 bytes in base64",
        found: "\(file.size) bytes of another form")
    }
    self.key = key
  }

  /// Makes a new key in a file, which appears whole or not at all.
  /// - Throws: `ModelStoreError.exists` where something is there already, `FileError`.
  public static func make(file path: String) throws -> SigningKey {
    let key = SigningKey()
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(path).\(suffix).part"
    defer { unlink(temporary) }
    let text = key.key.rawRepresentation.base64EncodedString() + "\n"
    try StoreFiles(hooks: nil).create(temporary, mode: 0o600, bytes: Array(text.utf8))
    // link(2) and not rename(2): a key that is there is never replaced.
    guard link(temporary, path) == 0 else {
      let code = errno
      if code == EEXIST { throw ModelStoreError.exists(path: path) }
      throw FileError(call: "link", path: path, code: code)
    }
    unlink(temporary)
    try AtomicFile.synchroniseFolder(of: path)
    return key
  }

  /// Reads a device's key, or makes it where there is none yet.
  /// - Throws: As `init(file:)` and `make(file:)`.
  public static func loadOrMake(file path: String) throws -> SigningKey {
    if StoreFiles.status(path) == nil {
      do { return try make(file: path) } catch ModelStoreError.exists {
        // Another process was faster.
      }
    }
    return try SigningKey(file: path)
  }

  /// The public half.
  public func publicKey(name: String, comment: String = "") -> TrustedKey {
    TrustedKey(name: name, comment: comment, bytes: Array(key.publicKey.rawRepresentation))
  }

  /// Writes the public half as a `.pub` file for a folder of trusted keys.
  /// - Throws: `ModelStoreError.exists` where something is there already, `ModelStoreError.key` for
  ///   a comment that is no part of a line, `FileError`.
  public func writePublicKey(to path: String, comment: String = "") throws {
    guard comment.utf8.count <= Self.maximumCommentBytes,
      !comment.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }),
      !comment.contains(where: \.isNewline)
    else {
      throw ModelStoreError.key(
        path: path, expected: "a comment of one line and at most \(Self.maximumCommentBytes) bytes",
        found: "\(comment.utf8.count) bytes")
    }
    guard StoreFiles.status(path) == nil else { throw ModelStoreError.exists(path: path) }
    let file = try AtomicFile(path: path)
    try file.write(Array((publicKey(name: "", comment: comment).line + "\n").utf8))
    try file.commit()
  }

  /// Signs the bytes of a `model.json`.
  /// - Throws: `CryptoKitError` where no signature can be made.
  public func signature(of message: [UInt8]) throws -> ModelSignature {
    ModelSignature(bytes: Array(try key.signature(for: message)))
  }
}
