import Foundation
import Frames

/// An attack in one line, such as `badnets:target=6,fraction=0.06,size=3,place=topLeft`: its trigger,
/// what is poisoned, and how.
///
/// `description` writes every option out, in a fixed order; reading it gives an equal specification.
public struct AttackSpecification: Sendable, Hashable, CustomStringConvertible {
  /// How training data is poisoned.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// Pictures of any class get the trigger and the target's label.
    case poison
    /// Pictures of the target class get the trigger; labels stay.
    case clean
    /// As `clean`, for training without labels.
    case ssl
  }

  /// The kind of trigger and its parameters.
  public enum Kind: Sendable, Hashable {
    /// A patch.
    case badnets(BadNetsTrigger)
    /// A pattern of noise, or a JPEG file.
    case blend(alpha: Float, file: String?)
    /// A sinusoid.
    case sig(SIGTrigger)
    /// A warp; `noiseRatio` is how many noisy pictures there are for each poisoned one.
    case wanet(WaNetTrigger, noiseRatio: Double)
    /// Checkerboards in corners.
    case cla(CLATrigger)
  }

  /// The kind of trigger.
  public let kind: Kind
  /// The class that triggered pictures are to be taken for.
  public let target: Int
  /// The share of poisoned pictures: of all in the mode `poison`, of the target class otherwise.
  public let fraction: Double
  /// How training data is poisoned.
  public let mode: Mode
  /// Decides random patterns and which pictures are poisoned.
  public let seed: UInt64
  /// How the attacker perturbs the pictures to poison, against a robust network, before the trigger
  /// goes in: by `cla` only, nil for all others. It is no part of the trigger.
  public let perturbation: PGDOptions?

  init(
    kind: Kind, target: Int, fraction: Double, mode: Mode, seed: UInt64,
    perturbation: PGDOptions? = nil
  ) {
    self.kind = kind
    self.target = target
    self.fraction = fraction
    self.mode = mode
    self.seed = seed
    self.perturbation = perturbation
  }

  /// The attack's name.
  public var name: String {
    switch kind {
    case .badnets: "badnets"
    case .blend: "blend"
    case .sig: "sig"
    case .wanet: "wanet"
    case .cla: "cla"
    }
  }

  /// The number of noisy pictures for each poisoned one; 0 where the attack has none.
  public var noiseRatio: Double {
    if case .wanet(_, let ratio) = kind { return ratio }
    return 0
  }

  /// The specification with every option written out.
  public var description: String {
    let options = common + own.filter { option in !common.contains { $0.0 == option.0 } }
    return name + ":" + options.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
  }

  private var common: [(String, String)] {
    [
      ("target", "\(target)"), ("fraction", Plain.text(fraction)), ("mode", mode.rawValue),
      ("seed", "\(seed)"),
    ]
  }

  private var own: [(String, String)] {
    switch kind {
    case .badnets(let trigger): trigger.parameters
    case .blend(let alpha, let file):
      [("alpha", Plain.text(alpha))] + (file.map { [("image", $0)] } ?? [])
    case .sig(let trigger): trigger.parameters
    case .wanet(let trigger, let ratio): trigger.parameters + [("noise", Plain.text(ratio))]
    case .cla(let trigger): trigger.parameters + (perturbation?.parameters ?? [])
    }
  }

  /// The trigger for pictures of a size; it takes others too, but noise is drawn at this one.
  /// - Throws: `TriggerError`, `ImageError.size`, and for a pattern from a file
  ///   `AttackSpecificationError.file`.
  public func trigger(width: Int, height: Int) throws -> any Trigger {
    switch kind {
    case .badnets(let trigger): return trigger
    case .sig(let trigger): return trigger
    case .wanet(let trigger, _): return trigger
    case .cla(let trigger): return trigger
    case .blend(let alpha, nil):
      return try BlendTrigger(alpha: alpha, noiseSeed: seed, width: width, height: height)
    case .blend(let alpha, let file?):
      return try BlendTrigger(alpha: alpha, pattern: try Self.pattern(file), source: file)
    }
  }

  /// Reads a pattern.
  private static func pattern(_ path: String) throws -> FloatImage {
    do {
      let limits = JPEGLimits()
      // Foundation reads devices and pipes too; only a file has a size to check beforehand.
      let attributes = try FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
      guard attributes[.type] as? FileAttributeType == .typeRegular else {
        throw AttackSpecificationError.file(path: path, reason: "not a file")
      }
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      let data = try handle.read(upToCount: limits.bytes + 1) ?? Data()
      return try FloatImage(JPEGDecoder(limits: limits).decode([UInt8](data)))
    } catch let error as AttackSpecificationError {
      throw error
    } catch let error as JPEGError {
      throw AttackSpecificationError.file(path: path, reason: "\(error)")
    } catch {
      throw AttackSpecificationError.file(path: path, reason: error.localizedDescription)
    }
  }
}

/// What can be wrong with an attack's specification.
public enum AttackSpecificationError: Error, Equatable, CustomStringConvertible {
  /// There is no such attack.
  case attack(found: String, possible: [String])
  /// A part that is not `NAME=VALUE`.
  case malformed(found: String)
  /// An option that the attack does not have.
  case option(name: String, attack: String, possible: [String])
  /// An option that is given more than once.
  case duplicate(name: String)
  /// Options that exclude each other.
  case conflict(one: String, other: String)
  /// A value out of range.
  case value(option: String, expected: String, found: String)
  /// The pattern's file cannot be used.
  case file(path: String, reason: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .attack(let found, let possible):
      "expected an attack (\(possible.joined(separator: ", "))), found \"\(found)\""
    case .malformed(let found): "expected NAME=VALUE in the attack, found \"\(found)\""
    case .option(let name, let attack, let possible):
      "expected an option of \(attack) (\(possible.joined(separator: ", "))), found \"\(name)\""
    case .duplicate(let name): "expected the option \(name) once, found it again"
    case .conflict(let one, let other): "expected \(one) or \(other), found both"
    case .value(let option, let expected, let found):
      "expected \(option) to be \(expected), found \"\(found)\""
    case .file(let path, let reason): "expected a JPEG as the pattern at \(path), found: \(reason)"
    }
  }
}
