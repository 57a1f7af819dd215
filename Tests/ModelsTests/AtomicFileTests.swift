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
