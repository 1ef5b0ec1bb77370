import ArgumentParser
import Foundation
import Sluice

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "A JSON Schema of definitions, for editors.",
        discussion: """
            Save it, and name it in the first line of a definition: \
            # yaml-language-server: $schema=sluice.schema.json
            """)

    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let context = try CommandContext(common)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        context.print([String(decoding: try encoder.encode(definitionSchema), as: UTF8.self)])
    }
}
