import Glibc
import Testing

@testable import Models

@Suite struct AtomicFileTests {
  @Test func aPlaceThatCannotBeWrittenIsNoticed() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/backbone.safetensors"
    try AtomicFile.checkWritable(path)
    #expect(access(path, F_OK) != 0, "nothing is left behind")
    for (place, reason) in [
      (folder.path, "something else than a file"),
      ("\(folder.path)/none/backbone.safetensors", "No such file or directory"),
    ] {
      #expect(
        throws: FileError(
          call: "write", path: place, reason: "expected to write a file there, found: \(reason)")
      ) { try AtomicFile.checkWritable(place) }
    }
  }

  @Test func aDiskWithoutRoomIsNoticed() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/backbone.safetensors"
    try AtomicFile.checkWritable(path, bytes: 1)
    #expect {
      try AtomicFile.checkWritable(path, bytes: 1 << 60)
    } throws: {
      "\($0)".contains("expected \(1 << 40) MiB free")
    }
  }

  /// What a killed writer left goes; what is being written, and what is somebody's own, stays.
  @Test func leftoversAreRemoved() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    for name in ["file.3w5e11264sgsf.part", "file.my own.part", "other.3w5e11264sgsf.part"] {
      let descriptor = open("\(folder.path)/\(name)", O_WRONLY | O_CREAT, 0o644)
      close(try #require(descriptor >= 0 ? descriptor : nil))
    }
    let writer = try AtomicFile(path: path)
    try AtomicFile.checkWritable(path)
    let names = TemporaryFolder.names(folder.path)
    #expect(names.count == 3 && !names.contains("file.3w5e11264sgsf.part"), "\(names)")
    try writer.commit()
    #expect(TemporaryFolder.names(folder.path).contains("file"))
  }

  @Test func nothingIsThereBeforeTheEnd() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/file"
    do {
      let file = try AtomicFile(path: path)
      try file.write([1, 2, 3])
      #expect(access(path, F_OK) != 0)
    }
    #expect(TemporaryFolder.names(folder.path).isEmpty, "given up, it leaves nothing")
    let file = try AtomicFile(path: path)
    try file.write([1, 2, 3])
    try file.commit()
    #expect(TemporaryFolder.names(folder.path) == ["file"])
    #expect(try ReadableFile(path: path).bytes(at: 0, count: 3) == [1, 2, 3])
  }
}
