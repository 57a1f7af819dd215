import Crypto
import Foundation
import Models

/// An Ed25519 signature (RFC 8032) over the bytes of a bundle's `model.json`, which holds the hashes
/// of the other files. It stands beside it in `model.json.sig`: 64 bytes in base64 on one line.
public struct ModelSignature: Sendable, Equatable {
  /// The file's name in a model folder.
  public static let fileName = "model.json.sig"
  /// A signature's bytes.
  public static let byteCount = 64
  /// 64 bytes in base64 and the end of the line.
  private static let maximumFileBytes = 89

  /// The 64 bytes.
  public let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Reads the text of a signature's file.
  /// - Throws: `ModelStoreError.key` where it is anything but one line with 64 bytes in base64.
  init(text: [UInt8], path: String) throws(ModelStoreError) {
    var line = text[...]
    if line.last == UInt8(ascii: "\n") { line.removeLast() }
    guard let data = Data(base64Encoded: Data(line)), data.count == Self.byteCount else {
      throw .key(
        path: path, expected: "one line with \(Self.byteCount) bytes in base64",
        found: "\(text.count) bytes of another form")
    }
    bytes = Array(data)
  }

  /// What the file holds: one line.
  public var text: String { Data(bytes).base64EncodedString() + "\n" }

  /// Reads a bundle's signature; nil where it has none.
  /// - Throws: `ModelStoreError.key` where the file is no signature, `FileError`.
  public static func read(bundleAt directory: String) throws -> ModelSignature? {
    let path = ModelBundle.join(directory, fileName)
    let file: ReadableFile
    do throws(FileError) { file = try ReadableFile(path: path) } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    guard file.size <= maximumFileBytes else {
      throw ModelStoreError.key(
        path: path, expected: "at most \(maximumFileBytes) bytes", found: "\(file.size)")
    }
    return try ModelSignature(text: file.bytes(at: 0, count: file.size), path: path)
  }

  /// Signs a bundle, and writes `model.json.sig` beside its files; an earlier signature is replaced.
  /// - Throws: `ModelError`, `SafetensorsError` or `FileError` where the bundle is not sound, which
  ///   nobody should sign, or the file cannot be written.
  @discardableResult
  public static func sign(bundleAt directory: String, with key: SigningKey) throws -> ModelSignature
  {
    let bundle = try ModelBundle(directory: directory)
    let signature = try key.signature(of: bundle.manifestBytes)
    let file = try AtomicFile(path: ModelBundle.join(directory, fileName))
    try file.write(Array(signature.text.utf8))
    try file.commit()
    return signature
  }

  /// The trusted key that signed a bundle's `model.json`; the other files are not looked at.
  /// - Returns: nil where there is no signature, or it is by none of the keys.
  /// - Throws: `ModelStoreError.key` where the file is no signature, `ModelError`, `FileError`.
  public static func signer(
    bundleAt directory: String, keys: TrustedKeys
  ) throws -> TrustedKey? {
    guard let signature = try read(bundleAt: directory) else { return nil }
    return keys.signer(of: try ModelBundle.manifestBytes(in: directory), signature)
  }
}
