import Testing

@testable import Networks

private func valueCount(_ parameters: [ParameterSpecification]) -> Int {
  var count = 0
  for parameter in parameters { count += parameter.shape.reduce(1, *) }
  return count
}

@Suite struct GraphTests {
  @Test func parametersOfResNet18HaveTorchvisionsNamesAndCount() {
    let parameters = ResNet(depth: .resnet18).classifier(classes: 1000).parameters
    // 11,689,512 learned values and 9,600 stored statistics, as torchvision's resnet18 has.
    #expect(valueCount(parameters) == 11_699_112)
    #expect(
      parameters.contains(.init(name: "layer2.0.downsample.0.weight", shape: [128, 64, 1, 1])))
    #expect(parameters.contains(.init(name: "layer4.1.bn2.running_var", shape: [512])))
  }

  @Test func parametersOfResNet50HaveTorchvisionsCount() {
    let parameters = ResNet(depth: .resnet50).classifier(classes: 1000).parameters
    // 25,557,032 learned and 53,120 stored.
    #expect(valueCount(parameters) == 25_610_152)
  }

  @Test func sharedParametersAreListedOnce() {
    let detector = FasterRCNNNetwork(
      trunk: ResNet(depth: .resnet18), pyramidChannels: 64, boxHeadWidth: 256, classes: 6)
    let names = detector.parameters.map(\.name)
    #expect(names.count == Set(names).count)
    #expect(names.filter { $0.hasPrefix("rpn.head") }.count == 6)
  }

  @Test(arguments: [(224, 7, 2, 3, 112), (1, 1, 2, 0, 1), (2, 3, 1, 0, 0), (5, 3, 2, 1, 3)])
  func windowPositions(length: Int, size: Int, stride: Int, padding: Int, expected: Int) {
    let window = Window(size: size, stride: stride, padding: padding)
    #expect(window.positions(along: length) == expected)
  }
}
