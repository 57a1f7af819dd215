import Foundation
import Frames
import Tensors

extension Augmentation {
  /// Writes views of several pictures, shared over threads. View `v` of picture `p` draws from
  /// `random.stream(v, p)`, so that the result does not depend on the number of threads.
  /// - Parameters:
  ///   - images: the pictures of a batch.
  ///   - random: decides the views; take another stream for every batch.
  ///   - viewsPerImage: 1 and more; all first views stand before all second ones.
  ///   - target: `viewsPerImage × images.count × outputSize × outputSize × 3` values.
  ///   - threads: at most so many; nil: as many as there are processors.
  /// - Throws: `AugmentationError`: that of the first picture in the order of writing.
  public func views(
    of images: [Image], seedsFrom random: SeededRandom, viewsPerImage: Int = 1,
    into target: UnsafeMutableBufferPointer<Float>, threads: Int? = nil
  ) throws {
    try AugmentationError.require(
      (1...1024).contains(viewsPerImage), "viewsPerImage", "from 1 to 1024", "\(viewsPerImage)")
    let count = images.count * viewsPerImage
    guard target.count >= count * viewCount else {
      throw AugmentationError.memory(expected: count * viewCount, found: target.count)
    }
    guard count > 0 else { return }
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let workers = min(max(threads ?? processors, 1), count, 256)
    var failures = [Failure?](repeating: nil, count: workers)
    failures.withUnsafeMutableBufferPointer { failures in
      let shared = Shared(target: target, failures: failures)
      let work: @Sendable (Int) -> Void = { worker in
        let share = (count * worker / workers)..<(count * (worker + 1) / workers)
        shared.failures[worker] = self.write(share, images, random, shared.target)
      }
      if workers == 1 {
        work(0)
      } else {
        DispatchQueue.concurrentPerform(iterations: workers, execute: work)
      }
    }
    if let failure = failures.lazy.compactMap({ $0 }).first { throw failure.error }
  }

  /// Writes a range of views; returns the first failure.
  private func write(
    _ range: Range<Int>, _ images: [Image], _ random: SeededRandom,
    _ target: UnsafeMutableBufferPointer<Float>
  ) -> Failure? {
    var scratch = makeScratch()
    for index in range {
      let (view, picture) = index.quotientAndRemainder(dividingBy: images.count)
      var stream = random.stream(UInt64(view), UInt64(picture))
      let place = (index * viewCount)..<((index + 1) * viewCount)
      do {
        try PixelSource.with(images[picture]) {
          try write(
            viewOf: $0, random: &stream, into: UnsafeMutableBufferPointer(rebasing: target[place]),
            scratch: &scratch)
        }
      } catch {
        return Failure(error: error)
      }
    }
    return nil
  }
}

private struct Failure { let error: any Error }

/// Memory that workers share; each writes to places of its own.
private struct Shared: @unchecked Sendable {
  let target: UnsafeMutableBufferPointer<Float>
  let failures: UnsafeMutableBufferPointer<Failure?>
}
