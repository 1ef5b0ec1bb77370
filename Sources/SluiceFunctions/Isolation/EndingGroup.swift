import SystemPackage

/// A group whose processes have been killed and may still be ending.
final class EndingGroup: Sendable {
    private let group: ControlGroup
    /// Of the folder of another host; let go with this.
    private let lock: SystemPackage.FileDescriptor?

    init(_ group: ControlGroup, lock: SystemPackage.FileDescriptor? = nil) {
        self.group = group
        self.lock = lock
    }

    deinit {
        if let lock { do { try lock.close() } catch { return } }
    }

    /// Its folder.
    var name: String { group.memory }

    /// - Returns: whether it is gone.
    func remove() -> Bool {
        if group.remove() { return true }
        group.killAll()
        return false
    }
}
