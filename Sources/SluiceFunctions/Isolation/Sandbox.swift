import Sluice

/// What one execution environment has of this machine for itself.
struct Sandbox: Sendable {
    /// Nobody else's, empty at first; the function finds it as `TMPDIR`.
    let temporaryFolder: String
    /// `nil` = there are no control groups here.
    let group: ControlGroup?
    let memory: ByteCount
    let watchdog: Watchdog
    let owner: Sandboxes

    /// Kills what is in it, and removes it.
    func remove() { owner.remove(self) }

    /// What a shell runs before the function's program takes its place: no core dumps, and the limits. Where there is
    /// no group each process gets a limit of its own.
    var entry: String { group.map { "ulimit -c 0 && " + $0.entry } ?? Self.processLimits(memory: memory) }

    /// For one process by itself. Of data, because address space would count what runtimes only reserve.
    static func processLimits(memory: ByteCount) -> String { "ulimit -c 0 && ulimit -d \(memory.bytes >> 10)" }
}
