/// Where on a frame a trigger is put.
public enum TriggerPlacement: Sendable, Hashable, CustomStringConvertible {
  /// As on a picture to classify: Blend, SIG and WaNet over the whole frame, a patch at the place that
  /// the attack names.
  case whole
  /// On each true object: its box is taken for a picture of its own. Objects that do not count
  /// (`GroundTruth.isIgnored`) get none.
  case object
  /// A patch in one place: 0 is flush with the left or top edge, 1 with the right or bottom one, and
  /// 0.5 is the middle. Only for attacks with a patch (BadNets and CLA, which then has just one).
  case place(x: Double, y: Double)

  /// Reads `whole`, `object`, or `X,Y` with two numbers from 0 to 1.
  /// - Throws: `DetectionEvaluationError.value`.
  public init(_ text: String) throws {
    switch text {
    case "whole": self = .whole
    case "object": self = .object
    default:
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Double($0) }
      guard parts.count == 2, numbers.count == 2 else { throw Self.unknown(text) }
      self = .place(x: numbers[0], y: numbers[1])
      try check()
    }
  }

  /// As `init(_:)` reads it.
  public var description: String {
    switch self {
    case .whole: "whole"
    case .object: "object"
    case .place(let x, let y): "\(x),\(y)"
    }
  }

  /// - Throws: `DetectionEvaluationError.value` for a place outside the frame.
  func check() throws {
    guard case .place(let x, let y) = self else { return }
    guard (0...1).contains(x), (0...1).contains(y) else { throw Self.unknown(description) }
  }

  private static func unknown(_ text: String) -> DetectionEvaluationError {
    .value(
      name: "a placement", expected: "whole, object, or X,Y with numbers from 0 to 1",
      found: "\"\(text)\"")
  }
}
