/// What a backbone does to probes, measured without labels and without knowing an attack.
public struct Evidence: Sendable, Equatable, Codable {
  /// One probe with what it does.
  public struct Probe: Sendable, Equatable, Codable {
    /// The probe's name.
    public var name: String
    /// The family it belongs to.
    public var family: String
    /// How it moves embeddings.
    public var displacement: Displacement

    /// A probe's result.
    public init(name: String, family: String, displacement: Displacement) {
      self.name = name
      self.family = family
      self.displacement = displacement
    }
  }

  /// Probes of one kind together.
  public struct Family: Sendable, Equatable, Codable {
    /// The family's name.
    public var name: String
    /// The number of its probes.
    public var probes: Int
    /// The mean of each number.
    public var mean: Displacement
    /// The largest of each number; they may come from different probes.
    public var maximum: Displacement
    /// The probe that attracts the largest share of pictures.
    public var strongestProbe: String
  }

  /// The number of clean pictures.
  public var pictures: Int
  /// The width of an embedding.
  public var features: Int
  /// The clusters of clean embeddings; fewer than asked for where embeddings coincide.
  public var clusters: Int
  /// The mean cosine of two clean embeddings: near 1 where a backbone has collapsed.
  public var cleanSimilarity: Double
  /// Every probe, in the order given.
  public var probes: [Probe]
  /// Every family, in the order of its first probe.
  public var families: [Family]
  /// How contrastive adversarial examples move embeddings; absent where none were given.
  public var contrastive: Displacement?

  /// Evidence from its parts; families follow from the probes.
  public init(
    pictures: Int, features: Int, clusters: Int, cleanSimilarity: Double, probes: [Probe],
    contrastive: Displacement? = nil
  ) {
    self.pictures = pictures
    self.features = features
    self.clusters = clusters
    self.cleanSimilarity = cleanSimilarity
    self.probes = probes
    self.contrastive = contrastive
    families = Self.families(probes)
  }

  private static func families(_ probes: [Probe]) -> [Family] {
    var names: [String] = []
    for probe in probes where !names.contains(probe.family) { names.append(probe.family) }
    return names.compactMap { name in
      let members = probes.filter { $0.family == name }
      let displacements = members.map(\.displacement)
      guard let mean = Displacement.mean(displacements),
        let maximum = Displacement.maximum(displacements),
        let strongest = members.first(where: {
          $0.displacement.attractedShare == maximum.attractedShare
        })
      else { return nil }
      return Family(
        name: name, probes: members.count, mean: mean, maximum: maximum,
        strongestProbe: strongest.name)
    }
  }
}

/// The evidence on a backbone before and after purification, from the same pictures and probes.
public struct EvidenceComparison: Sendable, Equatable, Codable {
  /// A family before and after.
  public struct Change: Sendable, Equatable {
    /// The family's name.
    public var family: String
    /// Before purification.
    public var before: Evidence.Family
    /// After it.
    public var after: Evidence.Family
  }

  /// Before purification.
  public let before: Evidence
  /// After it.
  public let after: Evidence

  /// Compares two pieces of evidence.
  /// - Throws: `EvidenceError` where probes or the number of pictures differ.
  public init(before: Evidence, after: Evidence) throws(EvidenceError) {
    let (first, second) = (before.probes.map(\.name), after.probes.map(\.name))
    guard first == second, before.families.map(\.name) == after.families.map(\.name) else {
      throw .probes(expected: first, found: second)
    }
    guard before.pictures == after.pictures else {
      throw .option(
        name: "number of pictures", expected: "of \(before.pictures) as before",
        found: after.pictures)
    }
    self.before = before
    self.after = after
  }

  /// The families one after the other.
  public var changes: [Change] {
    zip(before.families, after.families).map {
      Change(family: $0.name, before: $0, after: $1)
    }
  }
}
