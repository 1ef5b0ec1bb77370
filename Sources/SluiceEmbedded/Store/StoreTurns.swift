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
    let faults: StoreFaults

    func run() {
        var answers: [@Sendable () -> Void] = []
        var postponed: [StoreWriter.Submission] = []
        while let submissions = next(after: postponed) {
            answers.removeAll(keepingCapacity: true)
            do {
                postponed = try turn(submissions, &answers)
            } catch {
                return fail(error, submissions)
            }
            // Durable from here on: whatever fails now, what was submitted is answered with what became of it.
            let isRebuilt = state.reloadAfterCommit
            let failure = finishTurn()
            for answer in answers { answer() }
            if let failure { return fail(failure, postponed) }
            if !isRebuilt {
                wait()
                gather(answers.count)
            }
        }
        end(with: QueueError.closed("it is shutting down"))
    }

    private func next(after postponed: [StoreWriter.Submission]) -> [StoreWriter.Submission]? {
        postponed.isEmpty ? writer.takeSubmissions() : postponed + (writer.takeSubmissions() ?? [])
    }

    /// Carries out what was submitted, and what time has brought, in one transaction.
    /// - Returns: what has to wait for the next turn.
    private func turn(
        _ submissions: [StoreWriter.Submission], _ answers: inout [@Sendable () -> Void]
    ) throws -> [StoreWriter.Submission] {
        state.beginTurn()
        var rest = submissions
        if reserve.isSpent {
            try recoverReserve()
            if reserve.isSpent { rest = refuseGrowth(rest, &answers) }
        }
        state.isDiskFull = reserve.isSpent
        do {
            return try attempt(rest, &answers)
        } catch  where StoreDatabase.isDiskFull(error) && !reserve.isSpent {
            logger.error(
                "the disk is full: nothing new is taken, what is stored is still processed",
                metadata: ["folder": "\(folder)", "error": "\(error)"])
            answers.removeAll()
            try reserve.spend()
            state.isDiskFull = true
            try state.load(processDied: false)
            return try attempt(refuseGrowth(rest, &answers), &answers)
        }
    }

    private func attempt(
        _ submissions: [StoreWriter.Submission], _ answers: inout [@Sendable () -> Void]
    ) throws -> [StoreWriter.Submission] {
        var rest = submissions[...]
        // What time has brought by now comes first: who receives now sees it.
        state.fireTimers()
        state.takeBackUnreadable()
        try state.maintain()
        try state.giveBackPages()
        // What a definition changed is rebuilt before anything else looks at it.
        while !state.reloadAfterCommit, let submission = rest.popFirst() {
            do {
                answers.append(try submission.run(state))
            } catch {
                answers.append { submission.fail(error) }
            }
        }
        if !state.reloadAfterCommit {
            state.fireTimers()
            try state.advanceMoves()
            state.serveWaiters()
        }
        try commit()
        state.unreadable.removeAll()
        return Array(rest)
    }

    private func commit() throws {
        guard state.hasChanges else { return }
        if faults.isDiskFull() && !reserve.isSpent { throw SQLiteFailure.diskIsFull }
        try faults.commit(.beforeCommit)
        try state.flush()
        try faults.commit(.afterCommit)
    }

    /// What follows a commit.
    /// - Returns: why the store cannot go on.
    private func finishTurn() -> (any Error)? {
        deliver()
        state.parked.removeAll(keepingCapacity: true)
        do {
            try moveLog()
            try state.removeFreedBlobs()
            try state.removeFreedSegments()
            if state.reloadAfterCommit { try state.load(processDied: false) }
            state.publish()
            state.endWaits()
            try state.overwriteDeleted()
            return nil
        } catch {
            return error
        }
    }

    private func moveLog() throws {
        guard checkpointer.committed(logPages: state.database.logPages) else { return }
        do {
            try state.database.checkpoint()
        } catch  where StoreDatabase.isDiskFull(error) {
            logger.warning("the write-ahead log is moved later: the disk is full", metadata: ["error": "\(error)"])
        }
    }

    /// Hands over what was taken, now that it is durable.
    private func deliver() {
        for handout in state.handouts { handout.answer(.success(state.messages(of: handout.items))) }
        state.handouts.removeAll(keepingCapacity: true)
    }

    private func refuseGrowth(
        _ submissions: [StoreWriter.Submission], _ answers: inout [@Sendable () -> Void]
    ) -> [StoreWriter.Submission] {
        let error = QueueError.diskFull(path: folder)
        for submission in submissions where submission.grows { answers.append { submission.fail(error) } }
        return submissions.filter { !$0.grows }
    }

    private func recoverReserve() throws {
        guard !faults.isDiskFull(), try reserve.restore() else { return }
        logger.notice("there is room on the disk again: messages are taken", metadata: ["folder": "\(folder)"])
    }

    /// Whoever was answered together asks again at nearly the same time: the next turn waits a moment for the others, so
    /// that they share its sync. Who is alone never waits.
    private func gather(_ answered: Int) {
        guard answered >= Self.crowd, writer.pending < answered else { return }
        usleep(Self.moment)
        writer.forgetSignals()
    }

    private static let crowd = 3
    /// Microseconds: less than a sync takes.
    private static let moment: UInt32 = 50

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
        // What this turn had taken or parked belongs to its submissions, and each is answered once.
        state.restoreWaiters()
        for submission in submissions + writer.refuse("\(explained)") { submission.fail(reason) }
        end(with: reason)
    }

    private func end(with reason: QueueError) {
        for queue in state.queues.values {
            for waiter in queue.waiters { waiter.answer(.failure(reason)) }
            for waiter in queue.roomWaiters { waiter.answer(.failure(reason)) }
        }
        for waiter in state.conditionWaiters { waiter.answer(.failure(reason)) }
        checkpointer.stop()
        do {
            if try !state.database.truncateLog(waiting: true) {
                logger.warning("the write-ahead log was left as it is: somebody reads it")
            }
        } catch {
            logger.warning("the write-ahead log was left as it is", metadata: ["error": "\(error)"])
        }
    }
}
