import GRDB
import Logging
import Sluice

/// What becomes of the pages of the file that hold nothing any more: they are used again, overwritten where raw copies
/// stood in them, and given back to the file system when there are too many.
extension StoreState {
    /// Free pages are overwritten at most so often: it costs as many writes as there are free pages.
    private static let overwriteInterval: Duration = .minutes(10)
    /// Pages that stay free whatever the file's length, for what comes next: 16 MB.
    private static let mostFree = 4_096
    private static let lookInterval: Duration = .seconds(15)
    /// Pages that one turn gives back, and the pause behind it: 20 MB a second at most.
    private static let pieceOfPages = 256
    private static let pause: Duration = .milliseconds(50)

    /// Gives pages back while more are free than hold something: the file is at most twice as long as what is in it, and
    /// 16 MB, once the writer has had the time.
    func giveBackPages() throws {
        guard now >= nextGiveBack else { return }
        let pages = try database.pages()
        // What is moved from the end of the file to its free places goes through the log first: a full disk has no room.
        guard !isDiskFull, pages.free > Self.mostFree, pages.free > pages.all / 2 else {
            nextGiveBack = now + Self.lookInterval
            // The file becomes shorter when the log is moved into it, and that of an idle store is not long enough for that.
            if isGivingBack { asksForEmptyLog = true }
            isGivingBack = false
            return
        }
        isGivingBack = true
        nextGiveBack = now + Self.pause
        // Takes the last pages away; what they hold moves to free places.
        execute { try $0.execute(sql: "PRAGMA incremental_vacuum(\(Self.pieceOfPages))") }
    }

    func overwriteIfDue() {
        guard freedRawCopies, now >= lastOverwrite + Self.overwriteInterval else { return }
        freedRawCopies = false
        lastOverwrite = now
        overwriteAfterCommit = true
    }

    /// After a commit: overwrites what was deleted, when it is time.
    func overwriteDeleted() throws {
        guard overwriteAfterCommit || asksForEmptyLog else { return }
        let overwrites = overwriteAfterCommit
        overwriteAfterCommit = false
        asksForEmptyLog = false
        do {
            if overwrites { try database.overwriteFreePages() }
            // What was deleted is in the log until nobody reads it: then it is asked again.
            isLogLeft = try !database.truncateLog(waiting: false)
        } catch  where StoreDatabase.isDiskFull(error) {
            logger.warning("deleted data is overwritten later: the disk is full", metadata: ["error": "\(error)"])
            freedRawCopies = true
        }
    }
}
