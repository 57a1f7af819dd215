import Crypto
import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  @Suite struct Signatures {
    private let test: TestStore
    private let owner = SigningKey()
    private let stranger = SigningKey()
    private let keys: TrustedKeys

    init() throws {
      test = try TestStore()
      keys = TrustedKeys([owner.publicKey(name: "owner")])
    }

    private func open(
      trustsFactory: Bool = true, minimumSerial: Int? = nil
    ) throws -> ModelStore {
      try test.open(
        TestStore.options(
          policy: StorePolicy(
            signatures: .required(keys), trustsFactory: trustsFactory,
            minimumSerial: minimumSerial)))
    }

    private func refusal(_ body: () throws -> Void) -> PolicyRefusal? {
      do { try body() } catch ModelStoreError.refused(_, let refusal) { return refusal } catch {
        Issue.record("another error: \(error)")
      }
      return nil
    }

    @Test func installsWhatTheOwnerSigned() throws {
      let store = try open()
      let (path, id) = try test.candidate("a")
      #expect(refusal { try store.install(bundleAt: path) } == .unsigned)
      try ModelSignature.sign(bundleAt: path, with: stranger)
      #expect(refusal { try store.install(bundleAt: path) } == .untrusted(keys: 1))
      #expect(try ModelSignature.signer(bundleAt: path, keys: keys) == nil)
      try ModelSignature.sign(bundleAt: path, with: owner)
      #expect(try ModelSignature.signer(bundleAt: path, keys: keys)?.name == "owner")
      let version = try store.install(bundleAt: path)
      #expect(version.signature == .signed(by: "owner"))
      #expect(mode(version.directory + "/model.json.sig") == 0o444)
      try store.activate(id, probation: false)
      #expect(try store.selectForStart().id == id)
      // Another model with this signature.
      let (other, _) = try test.candidate("b")
      try FileManager.default.copyItem(
        atPath: path + "/model.json.sig", toPath: other + "/model.json.sig")
      #expect(refusal { try store.install(bundleAt: other) } == .untrusted(keys: 1))
      #expect(try StoreFiles.names(in: store.context.layout.incoming).isEmpty)
    }

    @Test func passesOverWhatIsNotSigned() throws {
      let careless = try test.open()
      let a = try test.candidate("a")
      try ModelSignature.sign(bundleAt: a.path, with: owner)
      try careless.install(bundleAt: a.path)
      try careless.activate(a.id, probation: false)
      let b = try test.activate("b", in: careless)
      #expect(try careless.list().map(\.signature) == [.unsigned, .unchecked, .unsigned])
      let store = try open()
      #expect(store.openingEvents.isEmpty)
      let selection = try store.selectForStart()
      #expect(selection.id == a.id && selection.isFallback)
      #expect(
        selection.events == [.refused(id: b, reason: PolicyRefusal.unsigned.description)])
      // The policy may be another tomorrow.
      #expect(try store.reader.currentID() == b)
      #expect(try careless.selectForStart().id == b)
      #expect(refusal { try store.activate(b, probation: false) } == .unsigned)
      // With a signature that does not fit, or is none, it is the same.
      let signature = store.context.layout.version(a.id) + "/model.json.sig"
      try #require(chmod(signature, 0o600) == 0)
      for text in ["x", try stranger.signature(of: [1]).text] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: signature))
        #expect(try store.selectForStart().isFactory)
      }
      // The owner signs what is there: installing it again brings the signature.
      let path = test.folder.path + "/candidate-b"
      try ModelSignature.sign(bundleAt: path, with: owner)
      #expect(try store.install(bundleAt: path).signature == .signed(by: "owner"))
      #expect(try store.selectForStart().id == b)
    }

    @Test func asksTheFactoryModelTooWhereItIsToldTo() throws {
      let store = try open(trustsFactory: false)
      let error = #expect(throws: ModelStoreError.self) { try store.selectForStart() }
      #expect(error?.description.contains("model.json.sig") == true)
      #expect(
        refusal { try store.activate(test.factoryID, probation: false) } == .unsigned)
      try ModelSignature.sign(bundleAt: test.factory, with: owner)
      #expect(try store.selectForStart().isFactory)
      #expect(try open(trustsFactory: false, minimumSerial: 0).list().count == 1)
      #expect(throws: ModelStoreError.self) {
        try open(trustsFactory: false, minimumSerial: 0).selectForStart()
      }
    }

    @Test func refusesOlderModels() throws {
      let policy = StorePolicy(minimumSerial: 3)
      let store = try test.open(TestStore.options(policy: policy))
      #expect(
        refusal { try store.install(bundleAt: test.candidate("none").path) }
          == .serial(found: nil, minimum: 3))
      #expect(
        refusal { try store.install(bundleAt: test.candidate("two", serial: 2).path) }
          == .serial(found: 2, minimum: 3))
      let three = try test.install("three", in: store, serial: 3)
      try store.activate(three, probation: false)
      let five = try test.install("five", in: store, serial: 5)
      #expect(try store.raiseMinimumSerial(to: 5) == 5)
      #expect(try store.raiseMinimumSerial(to: 4) == 5)
      #expect(try store.reader.minimumSerial() == 5)
      #expect(throws: ModelStoreError.self) { try store.raiseMinimumSerial(to: -1) }
      // It lasts, and concerns what is there.
      let again = try test.open()
      #expect(
        refusal { try again.activate(three, probation: false) } == .serial(found: 3, minimum: 5))
      let selection = try again.selectForStart()
      #expect(selection.isFactory && selection.isFallback)
      try again.activate(five, probation: false)
      #expect(try again.selectForStart().id == five)
      // The policy may ask for more than the store.
      let strict = try test.open(
        TestStore.options(policy: StorePolicy(minimumSerial: 6)))
      #expect(try strict.reader.minimumSerial() == 6)
      #expect(try strict.selectForStart().isFactory)
    }

    @Test func writesASignatureAsOneLine() throws {
      let (path, _) = try test.candidate("a")
      let signature = try ModelSignature.sign(bundleAt: path, with: owner)
      let text = try String(contentsOfFile: path + "/model.json.sig", encoding: .utf8)
      #expect(text == signature.text)
      #expect(text.utf8.count == 89 && text.hasSuffix("==\n"))
      #expect(try ModelSignature.read(bundleAt: path) == signature)
      // With a plain Ed25519, too.
      let key = try Curve25519.Signing.PublicKey(rawRepresentation: keys.keys[0].bytes)
      let raw = try #require(Data(base64Encoded: String(text.dropLast())))
      #expect(key.isValidSignature(raw, for: try ModelBundle.manifestBytes(in: path)))
      for wrong in [
        "", "\n", text + "\n", text + "x", " " + text, String(text.dropFirst(4)),
        text + String(repeating: " ", count: 100), "\u{0}" + text.dropFirst(),
      ] {
        try Data(wrong.utf8).write(to: URL(fileURLWithPath: path + "/model.json.sig"))
        #expect(throws: ModelStoreError.self) { try ModelSignature.read(bundleAt: path) }
        #expect(throws: ModelStoreError.self) { try test.open().install(bundleAt: path) }
      }
      // What is not sound is not signed.
      try tamper(path + "/model.json")
      unlink(path + "/model.json.sig")
      #expect(throws: ModelError.self) { try ModelSignature.sign(bundleAt: path, with: owner) }
      #expect(try ModelSignature.read(bundleAt: path) == nil)
    }

    @Test func readsAFolderOfKeys() throws {
      let folder = test.folder.path + "/keys"
      try #require(mkdir(folder, 0o755) == 0)
      #expect(try TrustedKeys(directory: folder).keys.isEmpty)
      try owner.writePublicKey(to: folder + "/b.pub", comment: "Frau Müller, 2024")
      try stranger.writePublicKey(to: folder + "/a.pub")
      try Data("no key".utf8).write(to: URL(fileURLWithPath: folder + "/README"))
      let read = try TrustedKeys(directory: folder)
      #expect(read.keys.map(\.name) == ["a", "b"])
      #expect(read.keys.map(\.comment) == ["", "Frau Müller, 2024"])
      #expect(read.keys[1].bytes == keys.keys[0].bytes)
      #expect(read.keys[1].fingerprint.count == 16)
      let message = Array("model".utf8)
      #expect(read.signer(of: message, try owner.signature(of: message))?.name == "b")
      #expect(read.signer(of: [0], try owner.signature(of: message)) == nil)
      #expect(throws: ModelStoreError.exists(path: folder + "/a.pub")) {
        try owner.writePublicKey(to: folder + "/a.pub")
      }
      #expect(throws: ModelStoreError.self) {
        try owner.writePublicKey(to: folder + "/c.pub", comment: "two\nlines")
      }
      let line = read.keys[0].line
      for wrong in [
        "", "x", String(line.dropLast(4)), line + "\n" + line, line + "AAAA", "\t" + line,
        line + String(repeating: " ", count: 2000),
      ] {
        try Data(wrong.utf8).write(to: URL(fileURLWithPath: folder + "/c.pub"))
        #expect(throws: (any Error).self, "\(wrong)") { try TrustedKeys(directory: folder) }
      }
      unlink(folder + "/c.pub")
      for index in 0..<63 {
        try Data(line.utf8).write(to: URL(fileURLWithPath: "\(folder)/x\(index).pub"))
      }
      #expect(throws: ModelStoreError.self) { try TrustedKeys(directory: folder) }
      #expect(throws: FileError.self) { try TrustedKeys(directory: folder + "/none") }
    }

    @Test func keepsADeviceKeyToItself() throws {
      let path = test.folder.path + "/device.key"
      let first = try SigningKey.loadOrMake(file: path)
      #expect(mode(path) == 0o600)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.utf8.count == 45 && text.hasSuffix("=\n"))
      let again = try SigningKey.loadOrMake(file: path)
      let read = try SigningKey(file: path)
      for key in [again, read] {
        #expect(key.publicKey(name: "d") == first.publicKey(name: "d"))
      }
      #expect(first.publicKey(name: "") != SigningKey().publicKey(name: ""))
      #expect(throws: ModelStoreError.exists(path: path)) { try SigningKey.make(file: path) }
      #expect(try StoreFiles.names(in: test.folder.path).filter { $0.contains(".part") }.isEmpty)
      // Its candidates are trusted only where the owner lists its public half.
      let (candidate, _) = try test.candidate("a")
      try ModelSignature.sign(bundleAt: candidate, with: first)
      #expect(
        refusal { try open().install(bundleAt: candidate) } == .untrusted(keys: 1))
      let both = TrustedKeys(keys.keys + [first.publicKey(name: "device")])
      let store = try test.open(
        TestStore.options(policy: StorePolicy(signatures: .required(both))))
      #expect(try store.install(bundleAt: candidate).signature == .signed(by: "device"))
      chmod(path, 0o640)
      let error = #expect(throws: ModelStoreError.self) { try SigningKey(file: path) }
      #expect(error?.description.contains("chmod 600") == true)
      chmod(path, 0o600)
      try Data("secret".utf8).write(to: URL(fileURLWithPath: path))
      chmod(path, 0o600)
      let other = #expect(throws: ModelStoreError.self) { try SigningKey.loadOrMake(file: path) }
      #expect(other?.description.contains("secret") == false)
    }

    /// RFC 8032, section 7.1, test 2: swift-crypto's Ed25519 is the standard's.
    @Test func verifiesAsTheStandardSays() throws {
      func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap {
          UInt8(hex.dropFirst($0).prefix(2), radix: 16)
        }
      }
      let key = TrustedKey(
        name: "rfc",
        bytes: bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
      let signature = ModelSignature(
        bytes: bytes(
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"))
      #expect(key.isSigner(of: [0x72], signature))
      #expect(!key.isSigner(of: [0x73], signature))
    }
  }
}
