import Networks
import Testing

@testable import Engine

@Suite struct MemoryPlanTests {
  @Test(arguments: [Precision.f32, .bf16])
  func valuesAliveTogetherDoNotOverlap(precision: Precision) throws {
    let program = try Lowering.program(
      for: PlanTests.detectorGraph(),
      input: ActivationShape(batch: 1, height: 64, width: 96, channels: 3), precision: precision)
    let plan = MemoryPlan(program)

    var first = [Int](repeating: Int.max, count: program.values.count)
    var last = [Int](repeating: -1, count: program.values.count)
    first[program.input.index] = -1
    for (index, step) in program.steps.enumerated() {
      first[step.output.index] = index
      last[step.output.index] = max(last[step.output.index], index)
      for read in step.inputs + (step.residual.map { [$0] } ?? []) { last[read.index] = index }
    }
    for output in program.outputs { last[output.value.index] = program.steps.count }

    func bytes(_ index: Int) -> Range<Int> {
      let value = program.values[index]
      return plan.offsets[index]..<(plan.offsets[index] + value.shape.count * value.precision.bytes)
    }
    let residualOf = Dictionary(
      uniqueKeysWithValues: program.steps.compactMap { step in
        step.residual.map { (step.output.index, $0.index) }
      })
    for a in program.values.indices {
      #expect(bytes(a).upperBound <= plan.bytes)
      #expect(plan.offsets[a] % 64 == 0)
      for b in program.values.indices where a < b {
        let together = first[a] <= last[b] && first[b] <= last[a]
        guard together, residualOf[b] != a, residualOf[a] != b else { continue }
        #expect(!bytes(a).overlaps(bytes(b)), "values \(a) and \(b)")
      }
    }
    let total = program.values.indices.map { bytes($0).count }.reduce(0, +)
    #expect(plan.bytes < total * 2 / 3, "memory is reused")
  }

  @Test func convolutionsTakeInWhatFollows() throws {
    let program = try Lowering.program(
      for: ResNet(depth: .resnet18).classifier(classes: 10),
      input: ActivationShape(batch: 1, height: 64, width: 64, channels: 3), precision: .f32)
    // 20 convolutions, max pooling, mean, linear layer: nothing else is left.
    #expect(program.steps.count == 23)
    let sums = program.steps.filter { $0.residual != nil }
    #expect(sums.count == 8)
  }
}
