/// What limits the memory and the processes of functions on this machine. Found out once, and passed on.
package enum FunctionLimits: Sendable, Hashable {
    case controlGroups(ControlGroups)
    /// `RLIMIT_DATA`, for each process by itself, because control groups are not to be had.
    case processLimits(because: String)

    /// Processes and threads of one execution environment, as on Lambda.
    static let mostProcesses = 1_024

    /// Looks, and changes nothing.
    /// - Parameter root: a folder that stands for the machine's `/`, for tests.
    package static func detect(root: String = "") -> FunctionLimits {
        do throws(ControlGroups.Obstacle) {
            return .controlGroups(try ControlGroups.detect(root: root))
        } catch {
            return .processLimits(because: error.reason)
        }
    }
}

extension FunctionLimits: CustomStringConvertible {
    /// One line for people: what holds, and why nothing better does.
    package var description: String {
        switch self {
        case .controlGroups(let groups):
            let version = "control groups (version \(groups.version.rawValue))"
            if groups.processes != nil { return "memory and processes of functions are limited by \(version)" }
            return "the memory of functions is limited by \(version); the number of their processes is not, because "
                + "the controller `pids` is not there"
        case .processLimits(let reason):
            return "the memory of functions is limited for each process by itself (RLIMIT_DATA), and the number of "
                + "their processes is not, because there are no control groups for them: \(reason)"
        }
    }
}
