import DequeModule
import Foundation
import Logging
import Sluice

/// The writer's loop: one turn is one transaction.
struct StoreTurns {
    let writer: StoreWriter
    let state: StoreState
    let folder: String
    let reserve: DiskReserve
    let checkpointer: Checkpointer
    let logger: Logger

    func run() {
        var answers: [@Sendable () -> Void] = []
        while let submissions = writer.takeSubmissions() {
            answers.removeAll(keepingCapacity: true)
            do {
                try turn(submissions, &answers)
            } catch {
                return fail(error, submissions)
            }
            for answer in answers { answer() }
            wait()
        }
        end(with: QueueError.closed("it is shutting down"))
    }

    /// Carries out everything that was submitted, and what time has brought, in one transaction.
    private func turn(_ submissions: [StoreWriter.Submission], _ answers: inout [@Sendable () -> Void]) throws {
        state.beginTurn()
        var rest = submissions
        if reserve.isSpent {
            try recoverReserve()
            if reserve.isSpent { rest = refuseGrowth(rest) }
        }
        do {
            try attempt(rest, &answers)
        } catch let error as SQLiteFailure where error.isDiskFull && !reserve.isSpent {
            logger.error(
                "the disk is full: nothing new is taken, what is stored is still processed",
                metadata: ["folder": "\(folder)", "error": "\(error)"])
            answers.removeAll()
            try reserve.spend()
            try state.load(processDied: false)
            try attempt(refuseGrowth(rest), &answers)
        }
    }

    private func attempt(_ submissions: [StoreWriter.Submission], _ answers: inout [@Sendable () -> Void]) throws {
        for submission in submissions {
            do {
                answers.append(try submission.run(state))
            } catch {
                answers.append { submission.fail(error) }
            }
        }
        state.fireTimers()
        try state.maintain()
        try state.serveWaiters()
        if state.hasChanges {
            try state.flush()
            if checkpointer.committed(logPages: state.database.logPages) { try state.database.checkpoint() }
        }
        deliver()
        if state.reloadAfterCommit {
            state.reloadAfterCommit = false
            try state.load(processDied: false)
        }
        state.publish()
        state.endWaits()
        try state.overwriteDeleted()
    }

    /// Hands over what was taken, now that it is durable.
    private func deliver() {
        for handout in state.handouts {
            do {
                handout.answer(.success(try state.messages(of: handout.items)))
            } catch {
                handout.answer(.failure(StoreDatabase.explain(error, path: folder)))
            }
        }
        state.handouts.removeAll(keepingCapacity: true)
    }

    private func refuseGrowth(_ submissions: [StoreWriter.Submission]) -> [StoreWriter.Submission] {
        submissions.filter { submission in
            if submission.grows { submission.fail(QueueError.diskFull(path: folder)) }
            return !submission.grows
        }
    }

    private func recoverReserve() throws {
        guard try reserve.restore() else { return }
        logger.notice("there is room on the disk again: messages are taken", metadata: ["folder": "\(folder)"])
    }

    private func wait() {
        var timeout = state.clock.realDelay(until: state.nextDeadline)
        // Whether there is room again is asked once a second: a disk tells nobody.
        if reserve.isSpent { timeout = min(timeout ?? .seconds(1), .seconds(1)) }
        if let timeout, timeout <= .zero { return }
        writer.sleep(atMost: timeout)
    }

    /// A store that cannot write stops: what it has answered is durable, and a new start reads it.
    private func fail(_ error: any Error, _ submissions: [StoreWriter.Submission]) {
        let explained = StoreDatabase.explain(error, path: folder)
        logger.critical("the store has failed and is closed", metadata: ["error": "\(explained)"])
        let reason = QueueError.closed("\(explained)")
        for submission in submissions + writer.refuse("\(explained)") { submission.fail(reason) }
        end(with: reason)
    }

    private func end(with reason: QueueError) {
        for handout in state.handouts { handout.answer(.failure(reason)) }
        for queue in state.queues.values {
            for waiter in queue.waiters { waiter.answer(.failure(reason)) }
            for waiter in queue.roomWaiters { waiter.answer(.failure(reason)) }
        }
        for waiter in state.conditionWaiters { waiter.answer(.failure(reason)) }
        checkpointer.stop()
        do {
            try state.database.truncateLog()
        } catch {
            logger.warning("the write-ahead log was left as it is", metadata: ["error": "\(error)"])
        }
    }
}
