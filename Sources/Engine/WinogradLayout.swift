/// Gives a program's convolutions to Winograd's algorithm where the backend has it: their operands
/// are in blocks of channels, so values are reordered where a chain of such convolutions begins and
/// ends, and nowhere between.
struct WinogradLayout {
  private let source: Program
  private var result = Program()
  /// The value of each layout that holds an original value, once there is one.
  private var channelsLast: [ValueID: ValueID] = [:]
  private var blocks: [ValueID: ValueID] = [:]

  /// - Parameter isEligible: whether a step can and should run by Winograd's algorithm.
  static func apply(
    to program: Program, where isEligible: (LoweredStep, FusedConvolution) -> Bool
  ) -> Program {
    var pass = WinogradLayout(source: program)
    return pass.run(isEligible)
  }

  private init(source: Program) { self.source = source }

  private mutating func run(_ isEligible: (LoweredStep, FusedConvolution) -> Bool) -> Program {
    let input = source[source.input]
    result.input = result.makeValue(input.shape, input.precision)
    channelsLast[source.input] = result.input
    for step in source.steps {
      if case .convolution(var fused) = step.kernel, isEligible(step, fused) {
        fused.usesWinograd = true
        append(step, .convolution(fused), layout: .blocks)
      } else {
        append(step, step.kernel, layout: .channelsLast)
      }
    }
    for output in source.outputs {
      result.outputs.append((output.name, value(output.value, .channelsLast, stage: "output")))
    }
    return result
  }

  private mutating func append(
    _ step: LoweredStep, _ kernel: LoweredStep.Kernel, layout: Value.Layout
  ) {
    let inputs = step.inputs.map { value($0, layout, stage: step.stage) }
    let residual = step.residual.map { value($0, layout, stage: step.stage) }
    let description = source[step.output]
    let output = result.makeValue(description.shape, description.precision, layout: layout)
    result.steps.append(
      LoweredStep(
        kernel: kernel, inputs: inputs, output: output, residual: residual, stage: step.stage))
    switch layout {
    case .channelsLast: channelsLast[step.output] = output
    case .blocks:
      blocks[step.output] = output
      // Results are handed out in NHWC; reordered here, the time counts in their own stage.
      if source.outputs.contains(where: { $0.value == step.output }) {
        _ = value(step.output, .channelsLast, stage: step.stage)
      }
    }
  }

  /// The value in a layout, reordered where it is wanted so for the first time.
  private mutating func value(
    _ id: ValueID, _ layout: Value.Layout, stage: String
  ) -> ValueID {
    if let known = layout == .blocks ? blocks[id] : channelsLast[id] { return known }
    guard let other = layout == .blocks ? channelsLast[id] : blocks[id] else { return id }
    let copy = result.makeValue(source[id].shape, source[id].precision, layout: layout)
    result.steps.append(
      LoweredStep(kernel: .reorder, inputs: [other], output: copy, residual: nil, stage: stage))
    if layout == .blocks { blocks[id] = copy } else { channelsLast[id] = copy }
    return copy
  }
}
