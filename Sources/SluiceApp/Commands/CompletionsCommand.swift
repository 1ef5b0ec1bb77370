import ArgumentParser
import Sluice

struct CompletionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "A script that completes commands, options and names in a shell.",
        discussion: """
            bash: source <(NAME completions bash) · zsh: NAME completions zsh > a folder of $fpath, as _NAME · \
            fish: NAME completions fish | source
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    @OptionGroup var common: CommonOptions

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    mutating func run() async throws {
        let context = try CommandContext(common)
        let script =
            switch shell {
            case .bash: RootCommand.completionScript(for: .bash)
            case .zsh: RootCommand.completionScript(for: .zsh)
            case .fish: RootCommand.completionScript(for: .fish)
            }
        context.print([script])
    }
}
