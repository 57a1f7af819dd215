import COneDNN

/// oneDNN's engine and stream.
final class OneDNNContext {
  fileprivate let handle: OpaquePointer

  init() throws {
    var handle: OpaquePointer?
    try check(cs_dnnl_context_create(&handle), "engine creation")
    self.handle = try unwrap(handle, "engine creation")
  }

  deinit { cs_dnnl_context_destroy(handle) }
}

/// Parameters in the layout that a primitive asked for.
final class OneDNNWeights {
  fileprivate let handle: OpaquePointer

  convenience init(
    _ weights: FoldedParameters.Weights, for primitive: OneDNNPrimitive, in context: OneDNNContext
  ) throws {
    try self.init(
      weights.weights, bias: weights.bias, count: weights.bias.count, for: primitive, in: context)
  }

  /// - Parameter count: of the bias.
  init(
    _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, count: Int,
    for primitive: OneDNNPrimitive, in context: OneDNNContext
  ) throws {
    var handle: OpaquePointer?
    try check(
      cs_dnnl_weights_pack(context.handle, primitive.handle, weights, bias, count, &handle),
      "packing weights")
    self.handle = try unwrap(handle, "packing weights")
  }

  deinit { cs_dnnl_weights_destroy(handle) }

  func fits(_ primitive: OneDNNPrimitive) -> Bool {
    cs_dnnl_weights_fit(primitive.handle, handle) != 0
  }
}

/// A compiled oneDNN primitive as a kernel.
final class OneDNNPrimitive: Kernel {
  fileprivate let handle: OpaquePointer
  private let context: OneDNNContext
  private var weights: OneDNNWeights?

  /// - Parameter create: calls one of the shim's `…_create` functions.
  init(
    _ call: String, in context: OneDNNContext,
    create: (_ context: OpaquePointer, _ primitive: inout OpaquePointer?) -> Int32
  ) throws {
    var handle: OpaquePointer?
    try check(create(context.handle, &handle), call)
    self.handle = try unwrap(handle, call)
    self.context = context
  }

  deinit { cs_dnnl_primitive_destroy(handle) }

  var scratchBytes: Int { cs_dnnl_primitive_scratch_bytes(handle) }
  var implementation: String { String(cString: cs_dnnl_primitive_implementation(handle)) }

  /// Takes weights that fit; they are kept alive.
  func use(_ weights: OneDNNWeights) throws {
    try check(cs_dnnl_primitive_use_weights(handle, weights.handle), "use of packed weights")
    self.weights = weights
  }

  /// Packs weights (and a bias of `count` values), in the memory of those it had.
  func load(_ values: UnsafePointer<Float>, bias: UnsafePointer<Float>?, count: Int) throws {
    if let weights {
      try check(
        cs_dnnl_weights_update(context.handle, weights.handle, values, bias, count),
        "packing weights anew")
    } else {
      try use(OneDNNWeights(values, bias: bias, count: count, for: self, in: context))
    }
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    try run(inputs: inputs[0], output: output, scratch: scratch)
  }

  func weightGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) throws {
    try check(
      cs_dnnl_weight_gradient(context.handle, handle, x, dy, gradient, scratch),
      "execution of \(implementation)")
  }

  /// Adds `Σ a ⊗ b` over the rows that an outer product was made for.
  func addOuterProduct(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, to sum: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) throws {
    try check(
      cs_dnnl_outer_product(context.handle, handle, a, b, sum, scratch),
      "execution of \(implementation)")
  }

  func run(
    inputs x: UnsafeRawPointer, output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    try check(
      cs_dnnl_primitive_execute(context.handle, handle, x, output, scratch),
      "execution of \(implementation)")
  }
}

private func check(_ status: Int32, _ call: @autoclosure () -> String) throws {
  guard status == 0 else {
    throw EngineError.library(name: "oneDNN", call: call(), status: Int(status))
  }
}

private func unwrap(_ handle: OpaquePointer?, _ call: String) throws -> OpaquePointer {
  guard let handle else { throw EngineError.library(name: "oneDNN", call: call, status: -1) }
  return handle
}
