/// Why the model store refused something. Files that cannot be read or written are `FileError`s,
/// bundles that are not sound `ModelError`s and `SafetensorsError`s.
public enum ModelStoreError: Error, Equatable, CustomStringConvertible {
  /// Another writer holds the store's lock.
  case locked(path: String, waited: Duration)
  /// No version has this id.
  case unknown(id: String)
  /// The version is needed.
  case inUse(id: String, reason: String)
  /// The policy does not let the bundle in.
  case refused(path: String, PolicyRefusal)
  /// The disk has too little room; all in bytes.
  case noSpace(path: String, needed: Int, available: Int, reserve: Int)
  /// A version's `model.json` is another than its id says.
  case identity(path: String, expected: String, found: String)
  /// A JSON file of the store, or a JSON text given to it, has another form than it should.
  case json(path: String, key: String, expected: String, found: String)
  /// A file with a key or a signature has another form than it should.
  case key(path: String, expected: String, found: String)
  /// Something stands where a key should be made.
  case exists(path: String)
  /// An option cannot be.
  case option(name: String, expected: String, found: String)
  /// There is nothing behind the factory model.
  case isFactory
  /// No model can serve, the factory's included; each reason says why not.
  case noModel(reasons: [String])

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .locked(let path, let waited):
      "\(path): expected to get the lock within \(waited), found another writer at work"
    case .unknown(let id): "expected the id of a version in the store, found \(id)"
    case .inUse(let id, let reason): "\(id): expected a version that nobody needs, found \(reason)"
    case .refused(let path, let refusal): "\(path): \(refusal)"
    case .noSpace(let path, let needed, let available, let reserve):
      "\(path): expected room for \(needed) bytes and a reserve of \(reserve), found \(available)"
    case .identity(let path, let expected, let found):
      "\(path): expected a model.json with the SHA-256 \(expected), found \(found)"
    case .json(let path, let key, let expected, let found):
      "\(path): \(key.isEmpty ? "" : key + ": ")expected \(expected), found \(found)"
    case .key(let path, let expected, let found): "\(path): expected \(expected), found \(found)"
    case .exists(let path): "\(path): expected nothing there yet, found a file"
    case .option(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .isFactory: "expected an installed version to roll back, found the factory model at work"
    case .noModel(let reasons):
      "expected a model that can serve, found none: " + reasons.joined(separator: "; ")
    }
  }
}

/// Why a policy does not let a bundle in.
public enum PolicyRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// It has no signature.
  case unsigned
  /// Its signature's file is not one.
  case malformed(reason: String)
  /// Its signature is by none of the trusted keys, or over another `model.json`.
  case untrusted(keys: Int)
  /// Its serial is smaller than the minimum, or it has none.
  case serial(found: Int?, minimum: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .unsigned: "expected a signature (model.json.sig), found none"
    case .malformed(let reason): reason
    case .untrusted(let keys):
      "expected a signature of model.json by one of \(keys) trusted keys, found another"
    case .serial(let found, let minimum):
      "expected a serial of \(minimum) or more, found \(found.map(String.init) ?? "none")"
    }
  }
}
