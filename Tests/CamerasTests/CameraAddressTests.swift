import Testing

@testable import Cameras

@Suite struct CameraAddressTests {
  @Test func takesAddressesApart() throws {
    #expect(try CameraAddress("v4l2:/dev/video0") == .v4l2(device: "/dev/video0"))
    let byPath = "/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0"
    #expect(try CameraAddress("v4l2:" + byPath) == .v4l2(device: byPath))
    #expect(
      try CameraAddress("mjpeg:/a b.mjpeg")
        == .mjpegFile(path: "/a b.mjpeg", framesPerSecond: nil, loops: false))
    #expect(
      try CameraAddress("mjpeg:x?fps=12.5&loop=true")
        == .mjpegFile(path: "x", framesPerSecond: 12.5, loops: true))
    #expect(try CameraAddress("mjpeg:-") == .mjpegStandardInput)
    let url = "http://u:p@camera:81/video?fps=x&odd=1"
    #expect(try CameraAddress("mjpeg:" + url) == .mjpegURL(url))
    #expect(
      try CameraAddress("images:/data?fps=0&loop=false")
        == .images(folder: "/data", framesPerSecond: 0, loops: false))
    #expect(
      try CameraAddress("images:/data")
        == .images(folder: "/data", framesPerSecond: nil, loops: true)
    )
    #expect(try CameraAddress("synthetic:") == .synthetic(SyntheticOptions()))
    var options = SyntheticOptions()
    options.seed = 7
    options.framesPerSecond = 30
    options.width = 320
    options.height = 240
    options.trigger = .blend
    options.triggerPeriod = 5
    #expect(
      try CameraAddress(
        "synthetic:?seed=7&fps=30&width=320&height=240&trigger=blend&trigger-period=5")
        == .synthetic(options))
  }

  @Test func aPeriodAloneBringsATrigger() throws {
    guard case .synthetic(let alone) = try CameraAddress("synthetic:?trigger-period=5"),
      case .synthetic(let none) = try CameraAddress("synthetic:?trigger-period=5&trigger=none")
    else {
      Issue.record("expected a scene")
      return
    }
    #expect(alone.trigger == .badnets)
    #expect(none.trigger == nil)
  }

  @Test(arguments: [
    ("", "begins with v4l2:, mjpeg:, images:, synthetic:"),
    ("rtsp://camera/1", "begins with v4l2:"),
    ("/dev/video0", "begins with v4l2:"),
    ("v4l2:", "a device, such as v4l2:/dev/video0"),
    ("mjpeg:", "a file, - or a URL"),
    ("mjpeg:http://", "a URL with a host"),
    ("mjpeg:?fps=3", "a file, - or a URL"),
    ("images:", "a folder"),
    ("images:/x?fsp=5", "images: has no option \"fsp\"; possible are fps, loop"),
    ("mjpeg:-?fps=5", "mjpeg: has no option \"fps\"; possible are none"),
    ("images:/x?fps", "OPTION=VALUE instead of \"fps\""),
    ("images:/x?fps=5&fps=6", "option fps only once"),
    ("images:/x?fps=fast", "option fps: expected a number from 0.0 to 1000.0, found \"fast\""),
    ("images:/x?fps=-1", "option fps"),
    ("images:/x?fps=nan", "option fps"),
    ("images:/x?fps=1e-300", "option fps"),
    ("images:/x?loop=yes", "option loop: expected false or true, found \"yes\""),
    ("synthetic:street", "synthetic: alone"),
    ("synthetic:?seed=-1", "option seed"),
    ("synthetic:?width=8", "option width: expected a whole number from 16 to 8192, found \"8\""),
    ("synthetic:?trigger=sun", "option trigger: expected badnets or blend or none, found \"sun\""),
    ("synthetic:?trigger-period=0", "option trigger-period"),
    ("synthetic:?color=red", "seed, fps, width, height, trigger, trigger-period"),
  ])
  func namesWhatIsWrong(address: String, words: String) {
    #expect { try makeCameraSource(address: address) } throws: { error in
      error is CameraAddressError && "\(error)".contains(words)
    }
  }

  @Test func refusesWhatNoAddressIs() {
    for address in ["v4l2:/dev/\0", "v4l2:" + String(repeating: "x", count: 3000)] {
      #expect(throws: CameraAddressError.self) { try CameraAddress(address) }
    }
  }

  @Test func showsNoPassword() {
    let shown = CameraURL.withoutPassword("mjpeg:http://user:secret@camera/video?a=b@c")
    #expect(shown == "mjpeg:http://…@camera/video?a=b@c")
    #expect(CameraURL.withoutPassword("http://camera/x@y") == "http://camera/x@y")
    #expect { try makeCameraSource(address: "rtsp://user:secret@camera") } throws: {
      !"\($0)".contains("secret")
    }
  }

  @Test func takesNameAndPasswordOutOfAURL() throws {
    let url = try CameraURL("http://me:p%40ss@camera:8080/a?b=c#d")
    #expect(url.url == "http://camera:8080/a?b=c")
    #expect(url.authorization == "Basic bWU6cEBzcw==")
    #expect(try CameraURL("http://camera/").authorization == nil)
  }

  @Test func fillsInWhatTheAddressLeavesOpen() throws {
    let request = CameraRequest(width: 320, height: 200, framesPerSecond: 7)
    let images = try makeCameraSource(address: "images:/x", request: request)
    #expect((images as? ImageFolderSource)?.framesPerSecond == 7)
    let scene = try makeCameraSource(address: "synthetic:?width=100", request: request)
    #expect((scene as? SyntheticSource)?.scene.width == 100)
    #expect((scene as? SyntheticSource)?.scene.height == 200)
    #expect((scene as? SyntheticSource)?.scene.framesPerSecond == 7)
    #expect(scene.address == "synthetic:?width=100")
  }
}
