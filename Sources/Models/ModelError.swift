import Networks

/// Why a model was refused.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  /// `model.json` is not JSON, or too large.
  case manifest(path: String, reason: String)
  /// A key of `model.json` has another value than the format asks for.
  case value(key: String, expected: String, found: String)
  /// A file of the folder has another size than the manifest says.
  case size(path: String, expected: Int, found: Int)
  /// A file of the folder has another hash than the manifest says.
  case hash(path: String, expected: String, found: String)
  /// The weights are not those of the architecture.
  case parameters(path: String, mismatch: ParameterMismatch)
  /// A BatchNorm's variance is negative.
  case variance(path: String, name: String, index: Int, found: Float)
  /// No architecture that can be loaded has these parameters.
  case unknownArchitecture(path: String, reason: String)
  /// Something stands where the import should go.
  case exists(path: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .manifest(let path, let reason): "\(path): \(reason)"
    case .value(let key, let expected, let found):
      "model.json: \(key): expected \(expected), found \(found)"
    case .size(let path, let expected, let found):
      "\(path): expected \(expected) bytes, found \(found)"
    case .hash(let path, let expected, let found):
      "\(path): expected the SHA-256 \(expected), found \(found)"
    case .parameters(let path, let mismatch): "\(path): \(mismatch)"
    case .variance(let path, let name, let index, let found):
      "\(path): \(name): expected variances of 0 or more, found \(found) at index \(index)"
    case .unknownArchitecture(let path, let reason): "\(path): \(reason)"
    case .exists(let path): "\(path): expected nothing there yet, found a file or folder"
    }
  }
}

/// How a file's parameters differ from those an architecture needs.
public struct ParameterMismatch: Sendable, Equatable, CustomStringConvertible {
  /// A parameter with another shape, or not of a floating-point type.
  public struct Shape: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The architecture's.
    public var expected: String
    /// The file's.
    public var found: String
  }

  /// Needed, and not in the file.
  public var missing: [String] = []
  /// In the file, and not needed.
  public var unexpected: [String] = []
  /// In both, but different.
  public var different: [Shape] = []

  /// Whether there is no difference.
  public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && different.isEmpty }

  /// Compares what an architecture needs with what a file has; `num_batches_tracked` is no matter.
  public init(expected: [ParameterSpecification], found: [SafetensorsEntry]) {
    var rest = Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for parameter in expected {
      guard let entry = rest.removeValue(forKey: parameter.name) else {
        missing.append(parameter.name)
        continue
      }
      if entry.shape != parameter.shape {
        different.append(
          Shape(name: parameter.name, expected: "\(parameter.shape)", found: "\(entry.shape)"))
      } else if !entry.type.isFloatingPoint {
        different.append(
          Shape(
            name: parameter.name, expected: "a floating-point type", found: entry.type.rawValue))
      }
    }
    unexpected = rest.keys.filter { !$0.hasSuffix(".num_batches_tracked") }.sorted()
  }

  /// One line: counts, and the first eight names of each kind in full.
  public var description: String {
    var parts: [String] = []
    func add(_ names: [String], _ kind: String) {
      guard !names.isEmpty else { return }
      let more = names.count > 8 ? " and \(names.count - 8) more" : ""
      parts.append("\(names.count) \(kind): " + names.prefix(8).joined(separator: ", ") + more)
    }
    add(missing, "missing")
    add(unexpected, "unexpected")
    add(
      different.map { "\($0.name) (expected \($0.expected), found \($0.found))" },
      "of another shape or type")
    return "expected the architecture's parameters, found " + parts.joined(separator: "; ")
  }
}
