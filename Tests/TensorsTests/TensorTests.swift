import Testing

@testable import Tensors

@Suite struct TensorTests {
  @Test func keepsShapeAndValues() throws {
    let tensor = try Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
    #expect(tensor.count == 6)
    #expect(try tensor.reshaped([3, 2]).shape == [3, 2])
    #expect(try Tensor(shape: [], values: [7]).count == 1)
    #expect(try Tensor(shape: [4, 0]).values.isEmpty)
  }

  @Test func refusesAnotherCount() {
    #expect(throws: TensorError.count(shape: [2, 3], expected: 6, found: 5)) {
      try Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5])
    }
  }

  @Test(arguments: [[Int.max, 2], [1 << 40, 1 << 40], [Int.max, 2, 0]])
  func refusesOverflow(shape: [Int]) {
    #expect(throws: TensorError.overflow(shape: shape)) { try Tensor(shape: shape, values: []) }
  }

  @Test func refusesNegativeDimensions() {
    #expect(throws: TensorError.dimension(shape: [-1, -1])) {
      try Tensor(shape: [-1, -1], values: [1])
    }
  }

  @Test func elementSizes() {
    let sizes = ElementType.allCases.map { "\($0.rawValue) \($0.byteSize)" }
    #expect(
      sizes == [
        "F32 4", "F16 2", "BF16 2", "F64 8", "I64 8", "I32 4", "I16 2", "I8 1", "U8 1", "BOOL 1",
      ])
    #expect(ElementType.allCases.filter(\.isFloatingPoint) == [.f32, .f16, .bf16, .f64])
  }
}
