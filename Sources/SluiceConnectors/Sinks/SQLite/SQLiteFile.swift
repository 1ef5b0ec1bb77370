import Foundation
import GRDB
import GRDBSQLite
import Sluice

/// Which file a path names: not its name, but the file itself.
struct SQLiteFile: Equatable {
    private let device: UInt64
    private let inode: UInt64

    /// `nil` = nothing is there, or nothing that we may look at.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

extension SQLiteFile {
    /// Opens the database at the plan's path, or makes it with its folders.
    ///
    /// A database that exists keeps its journal mode; one we make has a write-ahead log: one sync a commit, and
    /// whoever reads it does not hold us up.
    /// - Returns: `isNew` = there was none, or an empty file.
    static func open(
        _ plan: SQLitePlan, mayCreate: Bool
    ) throws(SinkError) -> (queue: DatabaseQueue, file: SQLiteFile, isNew: Bool) {
        let path = plan.path
        let found = try existing(plan, mayCreate: mayCreate)
        var configuration = Configuration()
        configuration.label = "sluice.sink.sqlite"
        configuration.busyMode = .timeout(lockPatience)
        configuration.foreignKeysEnabled = true
        // EXTRA: a database that is not ours to change may have a rollback journal. Deleting that is the commit, and FULL does
        // not sync the folder: after a loss of power the journal is there again, and takes the batch back.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = EXTRA") }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            if found == .empty {
                _ = try queue.inDatabase { try String.fetchOne($0, sql: "PRAGMA journal_mode = WAL") }
            }
            guard let file = SQLiteFile(path: path), !queue.inDatabase(hasMoved) else {
                try queue.close()
                throw SinkError.unavailable(reason: "'\(path)' was replaced while it was opened", type: "moved")
            }
            return (queue, file, found == .empty)
        } catch let error as SinkError {
            throw error
        } catch let error as DatabaseError {
            throw SQLiteFault(error).sinkError(path: path)
        } catch {
            throw .unavailable(reason: "cannot open '\(path)': \(error)", type: "open")
        }
    }

    /// How long one statement waits for a lock of somebody else's, in seconds.
    private static let lockPatience: TimeInterval = 0.25

    /// SQLite's own view: whether the path no longer names the file that it has open.
    private static func hasMoved(_ database: Database) -> Bool {
        var moved: Int32 = 0
        sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return moved != 0
    }

    /// For a check that makes nothing: whether there is a database already.
    /// - Throws: `SinkError.unavailable` when there is none and none can be made.
    static func isThere(_ plan: SQLitePlan) throws(SinkError) -> Bool {
        var status = stat()
        if stat(plan.path, &status) == 0, status.st_size > 0 { return true }
        guard plan.create else {
            throw .unavailable(
                reason: "there is no database at '\(plan.path)'; make it, or set `create: true`", type: "sql:14")
        }
        var place = plan.path
        while !FileManager.default.fileExists(atPath: place), place != "/" {
            place = (place as NSString).deletingLastPathComponent
        }
        let isThere = stat(place, &status) == 0
        let kind = place == plan.path ? S_IFREG : S_IFDIR
        guard isThere, status.st_mode & S_IFMT == kind, access(place, W_OK) == 0 else {
            let what =
                isThere && status.st_mode & S_IFMT != kind
                ? "is no \(kind == S_IFREG ? "file" : "folder")" : "may not be written"
            throw .unavailable(
                reason: "the database '\(plan.path)' cannot be made: '\(place)' \(what)", type: "sql:14")
        }
        return false
    }

    private enum Existing { case database, empty }

    private static func existing(_ plan: SQLitePlan, mayCreate: Bool) throws(SinkError) -> Existing {
        var status = stat()
        if stat(plan.path, &status) == 0 { return status.st_size == 0 ? .empty : .database }
        guard mayCreate else {
            let way =
                plan.create
                ? "it was there, and is not made anew, because its rows are missing: put it back, or say that it "
                    + "shall begin empty by making an empty file (`touch`) in its place"
                : "make it, or set `create: true`"
            throw .unavailable(reason: "there is no database at '\(plan.path)'; \(way)", type: "sql:14")
        }
        do { try makeFolders(of: plan.path) } catch {
            throw .unavailable(
                reason: "cannot make the folder of '\(plan.path)': \(error.localizedDescription)", type: "sql:14")
        }
        return .empty
    }

    /// Makes the parent folders, and syncs the folder that each was made in: a database that is durable in a folder
    /// that is not is gone after a power cut.
    private static func makeFolders(of path: String) throws {
        var missing: [String] = []
        var folder = (path as NSString).deletingLastPathComponent
        while !folder.isEmpty, folder != "/", !FileManager.default.fileExists(atPath: folder) {
            missing.append(folder)
            folder = (folder as NSString).deletingLastPathComponent
        }
        for folder in missing.reversed() {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let parent = Foundation.open((folder as NSString).deletingLastPathComponent, O_RDONLY)
            guard parent >= 0 else { continue }  // not readable, so not ours to sync
            fsync(parent)
            Foundation.close(parent)
        }
    }
}
