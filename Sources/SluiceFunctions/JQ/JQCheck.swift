import Foundation
import Sluice
import Subprocess
import SystemPackage

/// Whether a jq program compiles: told by a process as confined as the one that will run it.
package enum JQCheck {
    private static let longest: Duration = .seconds(10)

    /// - Returns: all that is wrong with it; none = it compiles.
    /// - Throws: `ControlError` when no process can be started.
    package static func mistakes(
        in program: String, executable: String = OwnExecutable.path
    ) async throws -> [JQMistake] {
        let plan = FunctionRuntime.plan(checking: program, executable: executable)
        let end = try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    FunctionProcess.configuration(plan), input: .none, output: .string(limit: 1 << 20),
                    error: .discarded)
                return End(status: result.terminationStatus, output: result.standardOutput)
            }
            group.addTask {
                try await Task.sleep(for: longest)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let end else {
            return [JQMistake("jq does not get through it within \(longest.formattedSeconds) s")]
        }
        guard end.status.isSuccess else {
            return [JQMistake("jq itself ended over it: \(ProcessEnd(end.status).description)")]
        }
        return try JSONDecoder().decode(JQMistakes.self, from: Data(end.output.utf8)).list
    }

    private struct End {
        var status: TerminationStatus
        var output: String
    }
}
