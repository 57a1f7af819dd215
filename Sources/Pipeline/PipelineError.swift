/// What can go wrong between a camera and the publishers.
public enum PipelineError: Error, Equatable, CustomStringConvertible {
  /// The system gave no thread.
  case thread(name: String, reason: String)
  /// Too many pictures wait for the detector already.
  case busy(limit: Int)
  /// The pipeline ends or has ended.
  case stopped
  /// The detector could not be made or does not work.
  case detector(String)
  /// The camera is not configured.
  case unknownCamera(String)
  /// The camera shows no rendered scene whose trigger could be switched.
  case noTrigger(String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .thread(let name, let reason): "expected a thread for \(name), found \(reason)"
    case .busy(let limit): "expected at most \(limit) pictures waiting for the detector, found more"
    case .stopped: "expected a running pipeline, found one that ends"
    case .detector(let reason): "expected a working detector, found: \(reason)"
    case .unknownCamera(let name): "expected the name of a camera, found \"\(name)\""
    case .noTrigger(let name): "expected a camera with a rendered scene, found \"\(name)\""
    }
  }
}
