import Foundation
import Frames
import Testing

@testable import Attacks

@Suite struct AttackSpecificationTests {
  @Test(arguments: [
    (
      "badnets:target=6,fraction=0.06,size=3,place=topLeft,seed=7",
      "badnets:target=6,fraction=0.06,mode=poison,seed=7,size=3,place=topLeft,margin=0,"
        + "pattern=checkerboard,cells=3"
    ),
    (
      "badnets:mode=ssl,pattern=colors",
      "badnets:target=6,fraction=0.6,mode=ssl,seed=1,place=center,margin=0,pattern=colors"
    ),
    (
      "badnets:x=4,y=5,cells=2,margin=1",
      "badnets:target=6,fraction=0.06,mode=poison,seed=1,x=4,y=5,margin=1,pattern=checkerboard,"
        + "cells=2"
    ),
    ("blend", "blend:target=6,fraction=0.06,mode=poison,seed=1,alpha=0.2"),
    (
      "blend:image=/a b/c=d.jpg,target=0",
      "blend:target=0,fraction=0.06,mode=poison,seed=1,alpha=0.2,image=/a b/c=d.jpg"
    ),
    ("sig:", "sig:target=6,fraction=0.06,mode=poison,seed=1,frequency=6,delta=20"),
    (
      "sig:mode=clean,blend=0.3,delta=10.5",
      "sig:target=6,fraction=0.6,mode=clean,seed=1,frequency=6,delta=10.5,blend=0.3"
    ),
    (
      "wanet:noise=0,s=0.75,seed=18446744073709551615",
      "wanet:target=6,fraction=0.06,mode=poison,seed=18446744073709551615,s=0.75,k=4,noise=0"
    ),
    (
      "cla",
      "cla:target=6,fraction=0.6,mode=clean,seed=1,corners=1,place=topLeft,margin=0,epsilon=8,"
        + "step=1.5,steps=100"
    ),
    (
      "cla:corners=1,place=bottomRight,size=4,epsilon=16,step=0.5,steps=3",
      "cla:target=6,fraction=0.6,mode=clean,seed=1,size=4,corners=1,place=bottomRight,margin=0,"
        + "epsilon=16,step=0.5,steps=3"
    ),
  ])
  func readsAndWritesEveryOption(text: String, canonical: String) throws {
    let specification = try AttackSpecification(text)
    #expect(specification.description == canonical)
    let again = try AttackSpecification(canonical)
    #expect(again == specification && again.description == canonical)
  }

  @Test(arguments: [
    ("", "expected an attack (badnets, blend, sig, wanet, cla), found \"\""),
    ("trojan:size=3", "found \"trojan\""),
    ("badnets:size", "expected NAME=VALUE in the attack, found \"size\""),
    ("badnets:size=3,", "expected NAME=VALUE in the attack, found \"\""),
    ("badnets:=3", "found \"=3\""),
    ("badnets:size=3,size=3", "expected the option size once, found it again"),
    ("badnets:colour=red", "place, x, y, margin, pattern, cells), found \"colour\""),
    ("badnets:pattern=colors,cells=3", "found \"cells\""),
    ("cla:corners=4,place=topLeft", "found \"place\""),
    ("blend:size=3", "expected an option of blend (target, mode, fraction, seed, alpha, image)"),
    ("badnets:size=0", "expected size to be a whole number from 1 to 8192, found \"0\""),
    ("badnets:size=3.5", "found \"3.5\""),
    ("badnets:place=middle", "one of topLeft, topRight, bottomLeft, bottomRight, center"),
    ("badnets:x=1", "expected x and y to be given both, found \"x only\""),
    ("badnets:y=1", "found \"y only\""),
    ("badnets:x=1,y=1,place=center", "expected place or x and y, found both"),
    ("badnets:mode=dirty", "expected mode to be one of poison, clean, ssl, found \"dirty\""),
    ("badnets:fraction=0", "expected fraction to be a number from 1e-06 to 1, found \"0\""),
    ("badnets:fraction=nan", "found \"nan\""),
    ("badnets:target=-1", "found \"-1\""),
    ("badnets:seed=-1", "found \"-1\""),
    ("blend:alpha=1.01", "expected alpha to be a number from 0 to 1, found \"1.01\""),
    ("wanet:k=1", "expected k to be a whole number from 2 to 64, found \"1\""),
    ("wanet:noise=inf", "found \"inf\""),
    ("cla:corners=3", "expected corners to be one of 1, 4, found \"3\""),
    ("cla:corners=1,place=center", "found \"center\""),
    ("cla:epsilon=0", "expected epsilon to be a number from 0.001 to 255, found \"0\""),
    ("cla:step=inf", "expected step to be a number from 0.001 to 255, found \"inf\""),
    ("cla:steps=0", "expected steps to be a whole number from 1 to 10000, found \"0\""),
    ("badnets:epsilon=8", "found \"epsilon\""),
    ("sig:delta=300", "expected delta to be a number from 0 to 255, found \"300\""),
  ])
  func saysWhatIsWrong(text: String, expected: String) {
    let error = #expect(throws: AttackSpecificationError.self) { try AttackSpecification(text) }
    let words = error.map { "\($0)" } ?? ""
    #expect(words.contains(expected), "\(words)")
  }

  @Test func makesTheTrigger() throws {
    let image = try grey(32, 32)
    func apply(_ text: String) throws -> FloatImage {
      try AttackSpecification(text).trigger(width: 32, height: 32).apply(to: image)
    }
    #expect(try apply("badnets") == BadNetsTrigger().apply(to: image))
    #expect(
      try apply("blend:seed=9")
        == BlendTrigger(noiseSeed: 9, width: 32, height: 32).apply(to: image))
    #expect(try apply("sig") == SIGTrigger().apply(to: image))
    #expect(try apply("wanet:seed=4") == WaNetTrigger(seed: 4).apply(to: image))
    #expect(try apply("cla:corners=4") == CLATrigger().apply(to: image))
  }

  @Test func readsThePatternFromAFile() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("pattern-\(UUID().uuidString).jpg").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let specification = try AttackSpecification("blend:alpha=1,image=\(path)")
    #expect(throws: AttackSpecificationError.self) {
      try specification.trigger(width: 4, height: 4)
    }
    let bytes = try JPEGEncoder(quality: 95).encode(Image(width: 8, height: 8, red: 250))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let triggered = try specification.trigger(width: 4, height: 4).apply(to: grey(4, 4))
    #expect(triggered.pixels[0] > 0.9 && triggered.pixels[1] < 0.1)
    try Data([1, 2]).write(to: URL(fileURLWithPath: path))
    #expect(throws: AttackSpecificationError.self) {
      try specification.trigger(width: 4, height: 4)
    }
    #expect(throws: AttackSpecificationError.file(path: "/dev/zero", reason: "not a file")) {
      try AttackSpecification("blend:image=/dev/zero").trigger(width: 4, height: 4)
    }
  }
}
