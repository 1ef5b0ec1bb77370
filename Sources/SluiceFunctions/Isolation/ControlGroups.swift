/// Where this process may make control groups, the kernel's limits for several processes together.
package struct ControlGroups: Sendable, Hashable {
    package enum Version: Int, Sendable { case one = 1, two = 2 }

    /// Who has to leave a group of version 2 before there can be limited groups in it: it may then have no processes
    /// of its own.
    enum Leaving: Sendable, Hashable { case nobody, host, everybody }

    let version: Version
    /// The folder in which groups that limit memory are made.
    let memory: String
    /// The folder in which groups that limit the number of processes are made: with version 2 the same. `nil` = the
    /// controller is not there.
    let processes: String?
    let leaving: Leaving

    /// Where those go that have to leave.
    static let hostName = "sluice-host"
    /// What the group of a host is called begins so.
    static let prefix = "sluice-"

    var folders: [String] { processes.map { $0 == memory ? [memory] : [memory, $0] } ?? [memory] }
}
