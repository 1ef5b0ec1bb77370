import GRDB
import Sluice

/// Brings a folder that an older version has written to the schema of this one, also where that is not done by itself.
package enum DataUpgrade {
    /// - Returns: the changes that were made, in order; empty = it was up to date.
    /// - Throws: `ControlError.busy` while a process has the folder, `.refused` for one of a newer version, `.damaged`.
    package static func run(inFolder path: String) throws -> [String] {
        let folder = try DataFolder(path, create: false)
        do {
            // Opening it would take a damaged log for one that ends there.
            try WriteAheadLog.check(ofStore: folder.storePath)
            let before = try pending(folder.storePath)
            _ = try StoreDatabase(path: folder.storePath, upgrading: true)
            return before
        } catch {
            throw StoreDatabase.explain(error, path: folder.storePath)
        }
    }

    private static func pending(_ path: String) throws -> [String] {
        try DatabaseQueue(path: path).read(Schema.pending)
    }
}
