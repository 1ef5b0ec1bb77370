import ArgumentParser

struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "The data folder.",
        subcommands: [DataInfoCommand.self, DataCheckCommand.self, DataUpgradeCommand.self])
}
