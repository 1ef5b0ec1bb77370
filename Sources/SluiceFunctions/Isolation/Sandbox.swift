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
    /// no group each process gets a limit of its own: data, because address space would count what runtimes only
    /// reserve.
    var entry: String {
        "ulimit -c 0 && " + (group?.entry ?? "ulimit -d \(memory.bytes >> 10)")
    }
}
