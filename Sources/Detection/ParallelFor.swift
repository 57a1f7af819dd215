import CKernels

/// Runs `body` over pieces of `0..<count` on the threads that the convolutions use, at most `grain`
/// items at a time, and returns when all are done.
///
/// Pieces run at the same time: `body` must write to places that no other piece touches.
func parallelFor(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
  guard count > 0 else { return }
  withoutActuallyEscaping(body) { body in
    var body = body
    withUnsafeMutablePointer(to: &body) { pointer in
      cs_parallel_for(
        count, grain, 0,
        { context, _, begin, end in
          guard let context else { return }
          context.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(begin..<end)
        }, pointer)
    }
  }
}
