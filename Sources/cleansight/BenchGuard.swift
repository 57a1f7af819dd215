import ArgumentParser
import DataSets
import Detection
import Foundation
import Models
import Pipeline
import Sifting

extension BenchCommand {
  /// What the live guard says of pictures that a camera shows one after the other.
  struct Guard: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "guard",
      abstract: "Say of each look of the live guard whether it takes the camera for suspect.",
      discussion: """
        The guard looks at the pictures of --images in the order of their names, learns what is usual \
        and goes on; then it looks at those of --triggered, if given. JSON: an object per look.
        """)

    @Option(help: "The model's folder.") var model: String
    @Option(help: "A folder of JPEGs as a camera shows them.") var images: String
    @Option(help: "A folder of JPEGs that hold a trigger.") var triggered: String?
    @Option(help: "Suspect from so many deviations on.") var threshold = GuardOptions().threshold
    @OptionGroup var engine: EngineArguments

    private struct Row: Encodable {
      var name: String
      var triggered: Bool
      var verdict: GuardVerdict
    }

    func run() throws {
      var options = GuardOptions()
      options.threshold = threshold
      let probe = try TriggerProbe(
        FasterRCNN(bundle: ModelBundle(directory: model), options: engine.options),
        options: options.sifting)
      var guarding = LiveGuard(options)
      var rows: [Row] = []
      let started = ContinuousClock.now
      for (path, isTriggered) in [(images, false)] + (triggered.map { [($0, true)] } ?? []) {
        let folder = try ImageFolder(path)
        for file in folder.files.sorted(by: { $0.name < $1.name }) {
          let verdict = try guarding.check(folder.image(file), with: probe)
          rows.append(Row(name: file.name, triggered: isTriggered, verdict: verdict))
        }
      }
      let seconds = (ContinuousClock.now - started).seconds / Double(max(rows.count, 1))
      print(String(decoding: try JSONEncoder.published.encode(rows), as: UTF8.self))
      func share(_ isTriggered: Bool) -> String {
        let looks = rows.filter { $0.triggered == isTriggered && $0.verdict.state != .learning }
        let suspect = looks.count { $0.verdict.state == .suspect }
        return "\(suspect) of \(looks.count)"
      }
      FileHandle.standardError.write(
        Data(
          """
          suspect: \(share(false)) looks without a trigger, \(share(true)) with one; \
          \(figure(seconds * 1000, 1)) ms a look, decoding included

          """.utf8))
    }
  }
}
