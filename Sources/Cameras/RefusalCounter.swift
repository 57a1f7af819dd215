/// How many pictures were refused, by reason.
struct RefusalCounter {
  private(set) var counts: [String: UInt64] = [:]

  mutating func add(_ reason: String, _ count: Int = 1) {
    if count > 0 { counts[reason, default: 0] += UInt64(count) }
  }
}
