/// What moves in a scene; the names are those of the default model's classes, in its order.
enum ObjectClass: String, CaseIterable, Sendable {
  case person, car, bus, train, cat
}

/// How one object looks and how large it is; drawn from its own random numbers once.
protocol Look: Sendable {
  /// Half of the length along its way, in metres.
  var halfLength: Float { get }

  /// Draws the object with its middle at the pen's origin, facing the pen's x axis.
  /// - Parameter travelled: metres gone so far, from which wheels turn and legs swing.
  /// - Parameter time: seconds, for what moves while the object stands.
  /// - Parameter isMoving: whether it walks or drives now.
  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool)
}
