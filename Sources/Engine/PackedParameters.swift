/// Parameters of one network in the layouts that kernels asked for: plans for other picture sizes, and
/// layers that share parameters, use them again where the layout fits. Plans of other parameters take
/// another one: names do not tell values. One thread uses it.
public final class PackedParameters {
  /// By the name of what is packed; what is in them is the backend's.
  var entries: [String: [AnyObject]] = [:]

  /// Nothing packed yet.
  public init() {}
}
