import GRDBSQLite

/// Where tests let the store die, or its disk fill up. Nothing of it happens otherwise.
package struct StoreFaults: Sendable {
    package enum Moment: Sendable, CaseIterable {
        /// All that a turn did is lost, as if the process had died during the sync.
        case beforeCommit
        /// It is durable, and nobody was told.
        case afterCommit
    }

    /// Called at each commit; what it throws ends the store, as an unknown error of the disk does.
    package var commit: @Sendable (Moment) throws -> Void
    /// While true the disk has the reserve left and nothing else.
    package var isDiskFull: @Sendable () -> Bool

    /// Bytes of the reserve on the disk. 64 MB.
    package var reserve: Int

    package init(
        reserve: Int = DiskReserve.size, commit: @escaping @Sendable (Moment) throws -> Void = { _ in },
        isDiskFull: @escaping @Sendable () -> Bool = { false }
    ) {
        self.reserve = reserve
        self.commit = commit
        self.isDiskFull = isDiskFull
    }

    package static let none = StoreFaults()
}

extension SQLiteFailure {
    static let diskIsFull = SQLiteFailure(code: SQLITE_FULL, message: "the disk is full")
}
