/// Which library does the convolutions.
public enum BackendName: String, Sendable, Hashable, CaseIterable, Codable {
  /// oneDNN: kernels generated for the processor at hand. The choice on x86-64.
  case onednn
  /// OpenBLAS: matrix products over unfolded windows, f32. The choice elsewhere.
  case openblas
  /// Loops in Swift, one thread, f32: what the other two are tested against.
  case plain
}

/// The number format of activations and weights; sums are kept in f32 in either.
public enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
  /// 32-bit floating point.
  case f32
  /// 16-bit with f32's exponent; only where processor and backend have it.
  case bf16

  /// Bytes of one value.
  public var bytes: Int { self == .f32 ? 4 : 2 }
}

/// How a plan computes.
public struct EngineOptions: Sendable, Hashable {
  /// The backend by name, nil for the best here.
  public var backend: BackendName?
  /// The precision asked for, nil for the fastest here.
  public var precision: Precision?
  /// Worker threads, at least 1; nil for one a core.
  public var threads: Int?
  /// Whether f32 convolutions may use Winograd's algorithm: about twice as fast where it applies,
  /// with rounding errors of the order of 1e-4 of the largest activation.
  public var allowsWinograd: Bool

  /// Options.
  public init(
    backend: BackendName? = nil, precision: Precision? = nil, threads: Int? = nil,
    allowsWinograd: Bool = true
  ) {
    self.backend = backend
    self.precision = precision
    self.threads = threads
    self.allowsWinograd = allowsWinograd
  }
}
