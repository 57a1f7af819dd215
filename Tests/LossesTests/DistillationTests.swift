import Testing

@testable import Losses

@Suite struct CrossEntropyTests {
  @Test func equalsPyTorch() throws {
    let reference = try Reference.load()
    for (smoothing, expected) in [
      (Float(0), reference.cross_entropy), (0.1, reference.cross_entropy_smoothed),
    ] {
      let labels = try #require(expected.labels)
      let found = try withGradient(expected.student) { logits, gradient in
        try CrossEntropy(labelSmoothing: smoothing).evaluate(
          logits, labels: labels, classes: expected.columns, gradient: gradient)
      }
      #expect(abs(found.loss - expected.loss) < 1e-5)
      #expect(relativeError(found.gradient, expected.gradient_student) < 1e-5)
    }
  }

  @Test func isStableForLargeLogits() throws {
    let found = try withGradient([1000, 0, 0, 1000]) { logits, gradient in
      try CrossEntropy().evaluate(logits, labels: [0, 0], classes: 2, gradient: gradient)
    }
    #expect(found.loss == 500)
    #expect(found.gradient == [0, 0, -0.5, 0.5])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: LossError.self) { try CrossEntropy(labelSmoothing: 1) }
    #expect(throws: LossError.label(row: 1, classes: 2, found: 2)) {
      try withGradient([0, 0, 0, 0]) { logits, gradient in
        try CrossEntropy().evaluate(logits, labels: [0, 2], classes: 2, gradient: gradient)
      }
    }
    #expect(throws: LossError.self) {
      try withGradient([0, 0, 0]) { logits, gradient in
        try CrossEntropy().evaluate(logits, labels: [0, 1], classes: 2, gradient: gradient)
      }
    }
  }
}

@Suite struct KullbackLeiblerTests {
  @Test func equalsPyTorch() throws {
    let reference = try Reference.load()
    for (direction, expected) in [
      (KullbackLeibler.Direction.studentFromTeacher, reference.kl_student_from_teacher),
      (.teacherFromStudent, reference.kl_teacher_from_student),
    ] {
      let loss = try KullbackLeibler(temperature: 2.5, direction: direction)
      let found = try evaluate(loss, expected)
      #expect(abs(found.loss - expected.loss) < 1e-5)
      #expect(relativeError(found.gradient, expected.gradient_student) < 1e-5)
    }
  }

  @Test func isZeroForTheTeacherItself() throws {
    var pair = try Reference.load().kl_student_from_teacher
    pair.teacher = pair.student
    let found = try evaluate(KullbackLeibler(temperature: 4), pair)
    #expect(abs(found.loss) < 1e-6)
    #expect(found.gradient.allSatisfy { abs($0) < 1e-6 })
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: LossError.self) { try KullbackLeibler(temperature: -1) }
    var pair = try Reference.load().kl_student_from_teacher
    pair.teacher?.removeLast()
    #expect(throws: LossError.self) { try evaluate(KullbackLeibler(), pair) }
  }

  private func evaluate(
    _ loss: KullbackLeibler, _ pair: Reference.Pair
  ) throws -> (loss: Float, gradient: [Float]) {
    let teacher = try #require(pair.teacher)
    return try withGradient(pair.student) { student, gradient in
      try teacher.withUnsafeBufferPointer { teacher in
        try loss.evaluate(
          student: student, teacher: teacher, rows: pair.rows, classes: pair.columns,
          gradient: gradient)
      }
    }
  }
}

@Suite struct EmbeddingDistanceTests {
  @Test func equalsPyTorch() throws {
    let reference = try Reference.load()
    let cosine = try distance(reference.cosine_distance, squared: false)
    #expect(abs(cosine.loss - reference.cosine_distance.loss) < 1e-6)
    #expect(relativeError(cosine.gradient, reference.cosine_distance.gradient_student) < 1e-5)
    let squared = try distance(reference.mean_squared_error, squared: true)
    #expect(abs(squared.loss - reference.mean_squared_error.loss) < 1e-6)
    #expect(
      relativeError(squared.gradient, reference.mean_squared_error.gradient_student) < 1e-5)
  }

  @Test func rowsOfZeros() throws {
    let pair = Reference.Pair(
      student: [0, 0, 3, 4], teacher: [1, 0, 0, 0], gradient_student: [], loss: 0, rows: 2,
      columns: 2)
    let cosine = try distance(pair, squared: false)
    #expect(cosine.loss == 1)
    #expect(cosine.gradient == [0, 0, 0, 0])
    // One of each pair has norm 1, the other 0: a squared distance of 1 over two elements.
    let squared = try distance(pair, squared: true)
    #expect(squared.loss == 0.5)
    #expect(squared.gradient == [0, 0, 0, 0])
  }

  @Test func refusesWhatDoesNotFit() throws {
    var pair = try Reference.load().cosine_distance
    pair.rows += 1
    #expect(throws: LossError.self) { try distance(pair, squared: false) }
    #expect(throws: LossError.self) { try distance(pair, squared: true) }
  }

  private func distance(
    _ pair: Reference.Pair, squared: Bool
  ) throws -> (loss: Float, gradient: [Float]) {
    let teacher = try #require(pair.teacher)
    return try withGradient(pair.student) { student, gradient in
      try teacher.withUnsafeBufferPointer { teacher in
        squared
          ? try MeanSquaredError().evaluate(
            student: student, teacher: teacher, rows: pair.rows, features: pair.columns,
            gradient: gradient)
          : try CosineDistance().evaluate(
            student: student, teacher: teacher, rows: pair.rows, features: pair.columns,
            gradient: gradient)
      }
    }
  }
}
