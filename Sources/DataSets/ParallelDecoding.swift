import Foundation

/// Spreads decoding over threads.
package enum ParallelDecoding {
  /// The results of `body` for `0..<count`, in order. Every thread takes the next item when it is
  /// done with one: files differ in size.
  package static func map<Result: Sendable>(
    _ count: Int, threads: Int?, _ body: @Sendable (Int) -> Result
  ) -> [Result] {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let workers = min(max(threads ?? processors, 1), count, 256)
    guard workers > 1 else { return (0..<count).map(body) }
    var results = [Result?](repeating: nil, count: count)
    let counter = Counter()
    results.withUnsafeMutableBufferPointer { buffer in
      let shared = Shared(results: buffer)
      withoutActuallyEscaping(body) { body in
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
          while let index = counter.next(below: count) { shared.results[index] = body(index) }
        }
      }
    }
    return results.compactMap { $0 }
  }

  /// Each item has one writer.
  private struct Shared<Result>: @unchecked Sendable {
    let results: UnsafeMutableBufferPointer<Result?>
  }

  private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    func next(below count: Int) -> Int? {
      lock.withLock {
        guard value < count else { return nil }
        defer { value += 1 }
        return value
      }
    }
  }
}
