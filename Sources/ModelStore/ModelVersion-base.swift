extension ModelVersion {
  /// The version that somebody installed, or that came with the program, and from which this one came by
  /// refreshes; itself where it is none of the device's own, and nil where it came from one that is not
  /// there any more.
  public func base(in versions: [ModelVersion]) -> ModelVersion? {
    var base = self
    // No longer than the list: a record that was tampered with may name itself.
    for _ in versions where base.origin == .refresh {
      guard let parent = versions.first(where: { $0.id == base.parent && $0.place != .rejected })
      else { return nil }
      base = parent
    }
    return base.origin == .refresh ? nil : base
  }
}
