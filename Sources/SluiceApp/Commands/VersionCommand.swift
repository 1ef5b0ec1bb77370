import ArgumentParser
import Sluice

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "The version of Sluice.")

    @OptionGroup var common: CommonOptions

    private struct Document: Encodable {
        var sluice: String
        var controlProtocol: Int
    }

    mutating func run() async throws {
        let context = try CommandContext(common)
        if context.json {
            context.print(
                document: Document(sluice: SluiceVersion.text, controlProtocol: ControlHello.currentProtocolVersion))
        } else {
            context.print([SluiceVersion.text])
        }
    }
}
