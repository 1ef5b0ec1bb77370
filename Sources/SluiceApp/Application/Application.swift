import ArgumentParser
import Sluice

/// One run of the command line: what the app brings, and the world around it. Commands find theirs in `current`,
/// because ArgumentParser makes them without arguments.
struct Application: Sendable {
    /// The executable's name, as help and hints show it.
    var name: String
    var functions: [Function]
    var pipelines: [Pipeline]
    var assembly: any EngineAssembly
    var console: Console

    @TaskLocal static var current: Application?

    /// Parses and runs a command line, and says on stderr what went wrong.
    func run(_ arguments: [String]) async -> ExitStatus {
        await Self.$current.withValue(self) {
            do {
                var command = try await RootCommand.asyncParseAsRoot(arguments)
                let changes = (command as? any ChangingCommand)?.changesSomething ?? false
                console.standardOutput?.belongs(to: name, endsCommand: !changes)
                defer { if let loss = console.standardOutput?.loss { console.err("\(name): \(loss)\n") } }
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
                return .done
            } catch {
                return report(error)
            }
        }
    }

    private func report(_ error: any Error) -> ExitStatus {
        let failure: CommandFailure
        switch error {
        case let error as CommandFailure: failure = error
        case let error as ControlError: failure = CommandFailure(error)
        case is TimeoutError: failure = CommandFailure(.timeout, "it took longer than --timeout allows")
        case let error where Self.isParserError(error): return reportParser(error)
        default: failure = CommandFailure(ControlError(error))
        }
        if let message = failure.message { console.err("\(name): \(message)\n") }
        return failure.status
    }

    /// ArgumentParser's errors are internal to it; what it makes of them is not: 0 for help, 64 for mistakes.
    private static func isParserError(_ error: any Error) -> Bool {
        let code = RootCommand.exitCode(for: error)
        return code == .success || code == .validationFailure || error is ExitCode
    }

    private func reportParser(_ error: any Error) -> ExitStatus {
        let message = RootCommand.fullMessage(for: error)
        guard RootCommand.exitCode(for: error) == .success else {
            console.err(message + "\n")
            return .usage
        }
        console.out(message + "\n")
        return .done
    }
}

/// A command that does more than show things: it goes on when its stdout cannot be written, because what it has done
/// must not look like a failure.
protocol ChangingCommand {
    /// Whether it does so with the arguments it was given.
    var changesSomething: Bool { get }
}

extension ChangingCommand {
    var changesSomething: Bool { true }
}
