import ArgumentParser
import Daemon

@main
struct CleanSight: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleansight",
    abstract: "Looks after models, pictures and the daemon of CleanSight; purifies backbones.",
    version: Daemon.version,
    subcommands: [
      StatusCommand.self, DetectCommand.self, ModelCommand.self, SceneCommand.self,
      PurifyCommand.self, RepurifyCommand.self, RefreshCommand.self, TrainCommand.self,
      EvaluateCommand.self, AttackCommand.self,
      BenchCommand.self,
    ])
}
