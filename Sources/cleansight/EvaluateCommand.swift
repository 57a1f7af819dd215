import ArgumentParser
import Attacks
import Engine
import Foundation
import Laboratory
import Measurement
import Models

/// `cleansight evaluate`: measures backbones and detectors on labelled pictures.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure backbones and detectors on clean and triggered pictures.",
    subcommands: [Classify.self, Detect.self])
}

extension EvaluateCommand {
  struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Accuracy, attack success rate and patched accuracy of a backbone.",
      discussion: """
        Accuracy (ACC) counts all test pictures. The attack success rate (ASR) is the share of \
        triggered pictures that are taken for the target, the patched accuracy (PA) the share that \
        are still taken for what they are; both leave pictures of the target's class out. The probe is a linear classifier on the backbone's embeddings, fitted to \
        a share of the probe's pictures; the own head is the one in the file.
        """)

    enum Heads: String, ExpressibleByArgument, CaseIterable {
      case probe, own, both

      var list: [ClassificationHead] {
        switch self {
        case .probe: [.probe]
        case .own: [.own]
        case .both: [.probe, .own]
        }
      }
    }

    @Option(help: "The backbone, a .safetensors file.")
    var backbone: String
    @Option(help: "The folder the probe is fitted to, a sub-folder for each class.")
    var probeImages: String?
    @Option(help: "The folder to measure on, with the same classes.")
    var testImages: String
    @Option(help: "An attack, such as badnets or blend:alpha=0.2; may be given again.")
    var attack: [String] = []
    @Option(help: "The class that attacks aim at where they do not say.")
    var target = 6
    @Option(help: "probe, own or both; whichever is possible unless given.")
    var head: Heads?
    @Option(help: "Share of the probe's pictures that it is fitted to.")
    var fraction = 0.01
    @Option(help: "At most so many test pictures, chosen by the seed.")
    var limit: Int?
    @Option(help: "Decides which pictures those are.")
    var seed: UInt64 = 1
    @OptionGroup var engine: EngineArguments
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      guard fraction > 0, fraction <= 1 else {
        throw ValidationError("expected --fraction above 0 and at most 1, found \(fraction)")
      }
      guard limit ?? 1 >= 1 else {
        throw ValidationError("expected --limit of at least 1, found \(limit ?? 0)")
      }
      guard (0...AttackSpecification.maximumTarget).contains(target) else {
        throw ValidationError(
          "expected --target from 0 to \(AttackSpecification.maximumTarget), found \(target)")
      }
      if let head, head != .own, probeImages == nil {
        throw ValidationError("expected --probe-images for the probe, found none")
      }
    }

    func run() throws {
      let attacks = try attack.map {
        try AttackSpecification($0.withAttackOption("target", "\(target)"))
      }
      let file = try BackboneFile(path: backbone)
      let engine = try Engine(self.engine.options)
      let evaluation = try ClassificationEvaluation(
        probeImages: head == .own ? nil : probeImages, testImages: testImages, side: file.side,
        attacks: attacks,
        options: .init(
          fraction: fraction, limit: limit, seed: seed, threads: self.engine.threads))
      let report = try evaluation.measure(file, engine: engine, heads: head?.list)
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
      } else {
        print(table(report))
      }
    }

    private func table(_ report: ClassificationReport) -> String {
      var lines = [
        "\(backbone): \(report.testPictures) test pictures of \(report.classes.count) classes"
          + (report.skippedPictures > 0 ? ", \(report.skippedPictures) left out as broken" : "")
      ]
      if let probe = report.probe {
        let end = probe.converged ? "" : ", not converged after \(probe.iterations) steps"
        lines.append("probe fitted to \(probe.pictures) pictures\(end)")
      }
      lines.append(row("head", "attack", "ACC %", "ASR %", "PA %"))
      for head in report.heads {
        let accuracy = percent(head.clean.accuracyPercent)
        if head.attacks.isEmpty { lines.append(row(head.head.rawValue, "-", accuracy, "-", "-")) }
        for attack in head.attacks {
          lines.append(
            row(
              head.head.rawValue, "\(attack.name)→\(attack.metrics.targetClass ?? 0)", accuracy,
              percent(attack.metrics.attackSuccessPercent),
              percent(attack.metrics.patchedAccuracyPercent)))
        }
      }
      return lines.joined(separator: "\n")
    }

    private func percent(_ value: Double?) -> String { value.map { figure($0) } ?? "-" }

    private func row(
      _ head: String, _ attack: String, _ accuracy: String, _ success: String, _ patched: String
    ) -> String {
      func right(_ text: String) -> String {
        String(repeating: " ", count: max(8 - text.count, 0)) + text
      }
      return head.padding(toLength: 7, withPad: " ", startingAt: 0)
        + attack.padding(toLength: 12, withPad: " ", startingAt: 0) + right(accuracy)
        + right(success) + right(patched)
    }
  }
}
