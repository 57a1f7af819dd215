import Crypto
import Foundation
import Models

/// The public half of an Ed25519 key.
public struct TrustedKey: Sendable, Equatable {
  /// What it is called: its file's name without `.pub`.
  public var name: String
  /// What stands behind it in its file.
  public var comment: String
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// A public key's bytes.
  public static let byteCount = 32
  /// A key's file is one line, and no longer than this.
  static let maximumFileBytes = 1024

  init(name: String, comment: String = "", bytes: [UInt8]) {
    self.name = name
    self.comment = comment
    self.bytes = bytes
  }

  /// Reads a file with one line: 32 bytes in base64, and a comment after a space where wanted.
  /// - Throws: `ModelStoreError.key` where it holds anything else, `FileError`.
  public init(file path: String) throws {
    func wrong(_ found: String) -> ModelStoreError {
      .key(
        path: path,
        expected: "one line with \(Self.byteCount) bytes in base64, and a comment after a space",
        found: found)
    }
    let bytes = try StoreFiles.read(path, limit: Self.maximumFileBytes)
    guard var text = String(validating: bytes, as: UTF8.self) else {
      throw wrong("bytes that are not UTF-8")
    }
    if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
    guard !text.contains(where: \.isNewline) else { throw wrong("more than one line") }
    let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard let data = Data(base64Encoded: String(parts[0])), data.count == Self.byteCount,
      (try? Curve25519.Signing.PublicKey(rawRepresentation: data)) != nil
    else { throw wrong("\(bytes.count) bytes of another form") }
    var name = (path as NSString).lastPathComponent
    if name.hasSuffix(TrustedKeys.fileSuffix) { name.removeLast(TrustedKeys.fileSuffix.count) }
    self.init(
      name: name, comment: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "",
      bytes: Array(data))
  }

  /// The line of a key's file, without its end.
  public var line: String {
    Data(bytes).base64EncodedString() + (comment.isEmpty ? "" : " " + comment)
  }

  /// The first 16 hex digits of the key's SHA-256, to tell keys apart.
  public var fingerprint: String { String(SHA256Digest.hex(of: bytes).prefix(16)) }

  /// Whether a signature over some bytes is by this key.
  public func isSigner(of message: [UInt8], _ signature: ModelSignature) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(signature.bytes, for: message)
  }
}

/// The keys whose models an owner lets in.
public struct TrustedKeys: Sendable, Equatable {
  /// The keys by the names of their files.
  public var keys: [TrustedKey]

  /// What the files of keys end with.
  public static let fileSuffix = ".pub"
  /// Keys that a folder may hold.
  public static let maximumKeys = 64
  /// Files that a folder may hold, others included.
  private static let maximumNames = 4096

  /// Some keys. With none, nothing is let in but the factory model.
  public init(_ keys: [TrustedKey]) { self.keys = keys }

  /// Reads every `*.pub` of a folder, in the order of their names. One that cannot be read is an
  /// error: an owner who lists a key means it.
  /// - Throws: `ModelStoreError.key`, `FileError`.
  public init(directory: String) throws {
    let names = try StoreFiles.names(in: directory, limit: Self.maximumNames).filter {
      $0.hasSuffix(Self.fileSuffix) && !$0.hasPrefix(".")
    }
    guard names.count <= Self.maximumKeys else {
      throw ModelStoreError.key(
        path: directory, expected: "at most \(Self.maximumKeys) keys", found: "\(names.count)")
    }
    keys = try names.map { try TrustedKey(file: ModelBundle.join(directory, $0)) }
  }

  /// The first key that made a signature, nil where none did.
  public func signer(of message: [UInt8], _ signature: ModelSignature) -> TrustedKey? {
    keys.first { $0.isSigner(of: message, signature) }
  }
}
