import CKernels
import COpenBLAS
import Logging

/// Backend, precision and threads, settled for this machine. Plans are compiled from it; one thread
/// uses it and its plans.
public final class Engine {
  /// The library in use.
  public var backend: BackendName { implementation.name }
  /// The number format of activations in use.
  public let precision: Precision
  /// Worker threads in use.
  public let threads: Int
  /// Whether 3×3 convolutions of stride 1 may run by Winograd's algorithm.
  public var usesWinograd: Bool { precision == .f32 && implementation.hasWinograd }
  let implementation: any Backend
  let plain = PlainBackend()

  /// Settles the options; what cannot be had here is replaced, with one line in the log.
  /// - Throws: `EngineError` where the threads are out of range or a library does not start.
  public init(
    _ options: EngineOptions = EngineOptions(), logger: Logger = Logger(label: "engine")
  ) throws {
    threads = options.threads ?? Processor.cores
    guard (1...1024).contains(threads) else { throw EngineError.threads(threads) }
    let backend = options.backend ?? (Processor.hasOneDNNKernels ? .onednn : .openblas)
    switch backend {
    case .onednn:
      implementation = try OneDNNBackend(allowsWinograd: options.allowsWinograd)
    case .openblas: implementation = OpenBLASBackend()
    case .plain: implementation = plain
    }
    // Beside another backend OpenBLAS has small products only (losses, linear layers): a second pool
    // of threads would wait for the cores on which the first one spins.
    if backend != .openblas { cs_openblas_set_threads(1) }
    let wanted = options.precision ?? .bf16
    precision = wanted == .bf16 && implementation.supportsBFloat16 ? .bf16 : .f32
    if options.precision == .bf16 && precision == .f32 {
      logger.notice(
        "bf16 was asked for; \(backend.rawValue) on this processor has none: f32 is used")
    }
  }

  /// The backend's kernel for a step; ours where values are only moved, or the plain one.
  func makeKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> any Kernel {
    if let kernel = try implementation.makeKernel(
      for: step, inputs: inputs, output: output, parameters: parameters)
    {
      return kernel
    }
    if case .upsampleNearest = step.kernel, inputs[0].precision == output.precision {
      return UpsampleKernel(
        from: inputs[0].shape, to: output.shape, precision: output.precision)
    }
    return try plain.plainKernel(
      for: step, inputs: inputs, output: output, parameters: parameters)
  }

  /// Gives the calling thread its workers, for kernels of the backend and ours alike.
  public func prepareThread() {
    cs_set_workers(threads)
    implementation.use(threads: threads)
  }
}
