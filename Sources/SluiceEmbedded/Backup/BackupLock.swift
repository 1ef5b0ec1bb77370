import Foundation
import Sluice

/// Keeps everybody from changing a data folder while it is copied as it is. Nothing is written: it may be on a disk that
/// can only be read.
struct BackupLock {
    private let file: Int32

    /// `nil` = it has no lock: what `backup` makes is nobody's.
    /// - Throws: `ControlError.busy` while a process has the folder.
    init?(_ folder: String) throws {
        file = open(folder + "/lock", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else {
            close(file)
            throw ControlError.busy("a process works with '\(folder)': make a backup of it, and restore that")
        }
    }

    func unlock() { close(file) }
}
