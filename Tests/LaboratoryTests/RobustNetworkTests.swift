import Attacks
import DataSets
import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Laboratory

/// The first half of the label-consistent attack: pictures are perturbed before their trigger goes in.
@Suite struct RobustNetworkTests {
  private static let attack =
    "cla:target=1,fraction=0.5,corners=1,size=2,epsilon=8,step=1.5,steps=20"

  private func robust(
    _ data: TwoClasses, classes: Int = 2, side: Int = TwoClasses.side, sha256: String = "a5"
  ) throws -> (network: RobustNetwork, trainer: ClassifierTrainer) {
    let trainer = try smallClassifier(try data.pictures(), epochs: 6, adversarial: .fast)
    _ = try trainer.run()
    let network = try RobustNetwork(
      SmallNetwork.classifier, classes: classes, side: side,
      normalisation: trainer.writer.normalisation, sha256: sha256, engine: try smallEngine(),
      source: trainer.parameter)
    return (network, trainer)
  }

  @Test func perturbsWhatItPoisons() throws {
    let data = try TwoClasses()
    let (network, trainer) = try robust(data)
    let (clean, triggered) = (try data.pictures(), try data.pictures(attack: Self.attack))
    var calls: [[Int]] = []
    let pictures = try data.pictures(attack: Self.attack, robust: network) {
      calls.append([$0, $1])
    }
    #expect(calls == [[8, 8]])
    let poisoned = try #require(pictures.poisoning).poisoned
    #expect(poisoned.count == 8 && pictures.poisoning == triggered.poisoning)
    #expect(pictures.labels == clean.labels && poisoned.allSatisfy { clean.labels[$0] == 1 })
    let all = Array(0..<32)
    let (before, after) = (try clean.images(all), try pictures.images(all))
    // In the top left corner the trigger alone stands, whatever was there.
    let patch: Set = [0, 1, 8, 9]
    for index in all {
      guard poisoned.contains(index) else {
        #expect(after[index] == before[index])
        continue
      }
      let trigger = try triggered.images([index])[0].pixels
      var changes: [Int] = []
      for value in before[index].pixels.indices {
        guard !patch.contains(value / 3) else {
          #expect(after[index].pixels[value] == trigger[value])
          continue
        }
        changes.append(abs(Int(after[index].pixels[value]) - Int(before[index].pixels[value])))
      }
      #expect(changes.max() == 8 && changes.count { $0 == 8 } > 60)
    }
    // Perturbed to be taken for something else, and not just anyhow.
    func loss(_ pictures: TrainingPictures) throws -> Float {
      let (adversary, pixels) = try smallAdversary(trainer, pictures, .fast)
      return try adversary.evaluate(pixels, labels: clean.labels)
    }
    #expect(try loss(pictures) > loss(triggered) * 1.05)
  }

  @Test func theSeedDecides() throws {
    let data = try TwoClasses()
    let (network, _) = try robust(data)
    func pixels(_ attack: String) throws -> [Image] {
      let pictures = try data.pictures(attack: attack, robust: network)
      return try pictures.images(pictures.poisoning?.poisoned ?? [])
    }
    // All of the class, so that the seed does not choose others; few steps, so that the start shows.
    let attack = "cla:target=1,fraction=1,size=2,steps=2"
    #expect(try pixels(attack) == pixels(attack))
    #expect(try pixels(attack) != pixels(attack + ",seed=2"))
  }

  /// A last batch that is not whole, and one that is smaller than all.
  @Test func pictureByPictureTheResultIsTheSame() throws {
    let data = try TwoClasses(perClass: 70)
    let (network, _) = try robust(data)
    let set = try ImageSet(try LabeledImageFolder(data.path), ImageSetOptions(size: 8))
    let labels = try #require(set.labels)
    func perturb(_ indices: [Int]) throws -> [Int: [Float]] {
      var found: [Int: [Float]] = [:]
      var done: [Int] = []
      try network.perturb(
        indices, of: set, labels: labels, options: try PGDOptions("steps=2", defaults: .fast),
        seed: 3, progress: { done.append($0) }
      ) { found[$0] = $1.pixels }
      #expect(done == (indices.count > 64 ? [64, indices.count] : [indices.count]))
      return found
    }
    let all = try perturb(Array(70..<140))
    let some = try perturb([139, 75])
    #expect(all.keys.sorted() == Array(70..<140) && some.count == 2)
    for (index, pixels) in some {
      let other = try #require(all[index])
      // Sums may differ in the last digit, and so the sign of a slope that is almost 0.
      #expect(zip(pixels, other).count { abs($0 - $1) < 1e-6 } > 185)
    }
  }

  @Test func theAccountSaysHow() throws {
    let data = try TwoClasses()
    let (network, _) = try robust(data)
    let (alone, perturbed) = (
      try data.pictures(attack: Self.attack),
      try data.pictures(attack: Self.attack, robust: network)
    )
    let written = try AttackSpecification(Self.attack).description
    #expect(
      alone.poisoningDescription == written + "; the trigger alone, nothing perturbed")
    #expect(
      perturbed.poisoningDescription
        == written + "; perturbed against the network with the SHA-256 a5")
    let badnets = "badnets:target=1,size=2"
    #expect(
      try data.pictures(attack: badnets).poisoningDescription
        == AttackSpecification(badnets).description)
    #expect(try data.pictures().poisoningDescription == nil)
    // Another robust network is another run.
    let file = data.file("training.safetensors")
    _ = try smallClassifier(perturbed, epochs: 1).run(checkpoint: file)
    let other = try data.pictures(
      attack: Self.attack, robust: try robust(data, sha256: "b6").network)
    for pictures in [other, alone] {
      #expect {
        try smallClassifier(pictures, epochs: 1).run(checkpoint: file, resumes: true)
      } throws: { error in
        if case .checkpoint(_, _, let found) = error as? LaboratoryError {
          found.hasSuffix("SHA-256 a5")
        } else {
          false
        }
      }
    }
    let contrastive = data.file("contrastive.safetensors")
    _ = try smallSimCLR(perturbed, epochs: 1).run(checkpoint: contrastive)
    #expect(throws: LaboratoryError.self) {
      try smallSimCLR(other, epochs: 1).run(checkpoint: contrastive, resumes: true)
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let data = try TwoClasses()
    let (network, _) = try robust(data)
    for attack in [nil, "badnets:target=1,size=2", "cla:target=1,size=2,mode=poison"] {
      #expect {
        try data.pictures(attack: attack, robust: network)
      } throws: { error in
        if case .value = error as? LaboratoryError { true } else { false }
      }
    }
    #expect(
      throws: LaboratoryError.head(
        expected: "a robust network for 2 classes", found: "one for 3")
    ) { try data.pictures(attack: Self.attack, robust: robust(data, classes: 3).network) }
    #expect(
      throws: LaboratoryError.value(
        name: "a robust network", expected: "for pictures of 8 pixels a side", found: "32")
    ) { try data.pictures(attack: Self.attack, robust: robust(data, side: 32).network) }
    // Seven pictures of 192 bytes, eight are poisoned.
    #expect(throws: LaboratoryError.memory(expected: 7, found: 8)) {
      try data.pictures(attack: Self.attack, robust: network, memory: 8 * 192 - 1)
    }
    #expect(try data.pictures(attack: Self.attack, robust: network, memory: 8 * 192).count == 32)
  }

  @Test func theFileHasToHaveAHead() throws {
    let data = try TwoClasses(perClass: 1)
    let network = ResNet(depth: .resnet18, stem: .cifar)
    for classes in [nil, 2] {
      let path = data.file("robust.safetensors")
      let drawn = InitialParameters(for: network.classifier(classes: classes).parameters, seed: 1)
      try BackboneWriter(network: network, classes: classes, normalisation: .cifar10, side: 8)
        .write(to: path, type: .f16, trained: "not", poisoning: nil, parameters: drawn.tensor)
      let file = try BackboneFile(path: path)
      if classes == nil {
        #expect(
          throws: LaboratoryError.head(
            expected: "a robust network with a head to attack", found: "no head in \(path)")
        ) { try RobustNetwork(file, engine: try smallEngine()) }
      } else {
        let robust = try RobustNetwork(file, engine: try smallEngine())
        #expect(robust.classes == 2 && robust.side == 8 && robust.sha256.count == 64)
        let pictures = try data.pictures(
          attack: "cla:target=0,size=2,steps=1", robust: robust)
        #expect(pictures.poisoningDescription?.hasSuffix(try file.sha256()) == true)
      }
    }
  }
}
