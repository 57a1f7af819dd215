/// What can go wrong while a network is compiled or run.
public enum EngineError: Error, Equatable, CustomStringConvertible {
  /// A parameter has another shape than the network needs.
  case parameterShape(name: String, expected: [Int], found: [Int])
  /// The input does not fit: a window larger than the picture, sizes that do not meet.
  case shape(operation: String, expected: String, found: String)
  /// A name that the plan does not have.
  case unknownOutput(name: String, known: [String])
  /// The number of threads is not in `1...1024`.
  case threads(Int)
  /// A library call failed.
  case library(name: String, call: String, status: Int)
  /// Memory for the plan could not be had.
  case memory(bytes: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .parameterShape(let name, let expected, let found):
      "parameter \(name): expected the shape \(expected), found \(found)"
    case .shape(let operation, let expected, let found):
      "\(operation): expected \(expected), found \(found)"
    case .unknownOutput(let name, let known):
      "expected an output of the network (\(known.joined(separator: ", "))), found \(name)"
    case .threads(let found): "expected 1 to 1024 threads, found \(found)"
    case .library(let name, let call, let status): "\(name): \(call) failed with status \(status)"
    case .memory(let bytes): "\(bytes) bytes for the plan's activations could not be allocated"
    }
  }
}
