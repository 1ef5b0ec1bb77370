import ArgumentParser
import Sluice

struct DataUpgradeCommand: AsyncParsableCommand, ChangingCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Bring a folder of an older version to this one, while nothing runs.",
        discussion: """
            Small changes are made by themselves when a folder is opened; one that takes long waits for this command \
            (exit 78 until then). Make a copy of the folder first. A folder of a newer version is refused (exit 78).
            """)

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var folder: String
        var changes: [String]
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let folder = try context.dataFolder()
        let changes = try context.application.assembly.upgrade(folder: folder.path)
        if context.json {
            context.print(document: Document(folder: folder.path, changes: changes))
        } else if changes.isEmpty {
            context.print(["\(folder.path) is up to date"])
        } else {
            context.print(changes.map { "done: \($0)" } + ["\(folder.path) is up to date now"])
        }
    }
}
