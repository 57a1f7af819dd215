import Testing

@testable import ModelStore

/// Which version a refresh begins at.
@Suite struct BaseTests {
  private func version(
    _ id: String, _ origin: ModelOrigin, parent: String? = nil,
    place: ModelVersion.Place = .installed
  ) -> ModelVersion {
    var version = ModelVersion(id: id, place: place, directory: "/\(id)", origin: origin)
    version.parent = parent
    return version
  }

  @Test func refreshesLeadBackToWhatWasInstalled() {
    let factory = version("f", .factory, place: .factory)
    let installed = version("i", .installed)
    let first = version("a", .refresh, parent: "f")
    let second = version("b", .refresh, parent: "a")
    let third = version("c", .refresh, parent: "i")
    let all = [factory, installed, first, second, third]
    #expect(all.map { $0.base(in: all)?.id } == ["f", "i", "f", "f", "i"])
  }

  @Test func whatCameFromSomethingThatIsGoneHasNone() {
    let factory = version("f", .factory, place: .factory)
    let orphan = version("a", .refresh, parent: "x")
    let nameless = version("b", .refresh)
    let refused = version("r", .refresh, parent: "f", place: .rejected)
    let ofRefused = version("c", .refresh, parent: "r")
    let all = [factory, orphan, nameless, refused, ofRefused]
    #expect([orphan, nameless, ofRefused].allSatisfy { $0.base(in: all) == nil })
  }

  @Test func recordsThatNameEachOtherEnd() {
    let one = version("a", .refresh, parent: "b")
    let two = version("b", .refresh, parent: "a")
    #expect(one.base(in: [one, two]) == nil)
  }
}
