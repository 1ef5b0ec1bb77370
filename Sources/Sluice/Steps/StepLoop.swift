package import Logging
import ServiceLifecycle

/// Drives a step on a machine: receives, lets the step decide, settles, and goes on with what the settlement brought
/// along. On Lambda a handler does that instead; the step cannot tell.
///
/// Shutdown has two deadlines: at first nothing more is received and work in progress may end; then it is cancelled,
/// and what is not decided is released. Nothing is spent by either.
package struct StepLoop: Service {
    /// How a step is driven.
    package struct Plan: Sendable {
        /// Batches at once. 1 to 1,000.
        package var concurrency: Int
        /// Records of one batch. 1 to 10,000.
        package var batch: Int
        /// How long to wait for a batch to fill, once it has a first record.
        package var batchWindow: Duration
        /// Whether the queue is FIFO.
        package var ordered: Bool
        /// How often a record of the queue is received before it is dead; `nil` = not known here.
        package var maxReceiveCount: Int?
        /// Where the work of a step is best done that does one batch after the other; `nil` = anywhere.
        package var executor: (any TaskExecutor)?
        /// How long work in progress may go on when the process is asked to stop. 20 s.
        package var drain: Duration
        /// How long cancelled work may take to end before that is reported. 5 s.
        package var cancellation: Duration

        package init(
            concurrency: Int, batch: Int, batchWindow: Duration = .zero, ordered: Bool, maxReceiveCount: Int? = nil,
            executor: (any TaskExecutor)? = nil, drain: Duration = .seconds(20), cancellation: Duration = .seconds(5)
        ) {
            self.concurrency = max(1, concurrency)
            self.batch = min(max(1, batch), 10_000)
            self.batchWindow = batchWindow
            self.ordered = ordered
            self.maxReceiveCount = maxReceiveCount
            self.executor = concurrency == 1 ? executor : nil
            self.drain = drain
            self.cancellation = cancellation
        }
    }

    let step: any Step
    let queue: any MessageQueue
    let settler: any Settler
    let control: StepControl
    let plan: Plan
    let clock: any EngineClock
    let logger: Logger
    let log: StepLog

    /// - Parameter log: where it is kept what became of records that failed; nobody else is told of each.
    package init(
        _ step: any Step, from queue: any MessageQueue, settler: any Settler, control: StepControl, plan: Plan,
        clock: any EngineClock, logger: Logger, log: StepLog = .none
    ) {
        self.step = step
        self.queue = queue
        self.settler = settler
        self.control = control
        self.plan = plan
        self.clock = clock
        self.logger = logger
        self.log = log
    }

    /// Returns after a graceful shutdown, or when its task is cancelled.
    /// - Throws: `QueueError` when the store is closed or the queue is not there.
    package func run() async throws {
        control.loopStarted()
        defer { control.loopEnded() }
        let cancelWork = Signal()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await runWorkers(until: cancelWork)
                return true
            }
            group.addTask {
                await superviseShutdown(cancelWork)
                return false
            }
            for try await workEnded in group where workEnded { group.cancelAll() }
        }
    }

    // MARK: Shutdown

    private func superviseShutdown(_ cancelWork: Signal) async {
        do {
            try await gracefulShutdown()
            try await Task.sleep(for: plan.drain)
            logger.warning(
                "A step has not finished its work in time: it is cancelled, and its records are released",
                metadata: ["step": "\(step.name)", "seconds": "\(plan.drain.formattedSeconds)"])
            cancelWork.notify()
            try await Task.sleep(for: plan.cancellation)
            logger.error(
                "A step ignores its cancellation; its records come again at the next start",
                metadata: ["step": "\(step.name)", "seconds": "\(plan.cancellation.formattedSeconds)"])
        } catch {
            return  // The work has ended.
        }
    }

    private func runWorkers(until cancelWork: Signal) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<plan.concurrency {
                group.addTask(executorPreference: plan.executor) {
                    try await work()
                    return true
                }
            }
            group.addTask {
                // Cancelled, the workers have ended by themselves.
                do { try await cancelWork.wait(after: 0) } catch { return false }
                return false
            }
            var working = plan.concurrency
            for try await isWorker in group {
                if isWorker { working -= 1 }
                if working == 0 || !isWorker { group.cancelAll() }
            }
        }
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    // MARK: Work

    private struct Batch {
        var messages: [ReceivedMessage]
        var isProbe = false
    }

    private func work() async throws {
        var next: Batch?
        while true {
            if let batch = next {
                next = try await handle(batch)
            } else if isStopping {
                return
            } else {
                next = try await take()
            }
        }
    }

    /// Waits until the step may receive and there is something. `nil` = nothing came of it; look again.
    private func take() async throws -> Batch? {
        do {
            return try await cancelWhenGracefulShutdown {
                let grant = try await control.admit(upTo: plan.batch)
                return try await receive(grant)
            }
        } catch is CancellationError {
            return nil
        } catch let error as QueueError {
            if isStopping { return nil }
            throw error
        } catch {
            logger.error(
                "A step cannot receive; it tries again in a second",
                metadata: ["step": "\(step.name)", "queue": "\(queue.name)", "error": "\(error)"])
            await pause(.seconds(1))
            return nil
        }
    }

    private func receive(_ grant: StepControl.Grant) async throws -> Batch? {
        let messages: [ReceivedMessage]
        do {
            messages = try await receive(ReceiveRequest(limit: grant.limit, wait: nil, holder: .step), while: grant)
        } catch {
            control.received(0, with: grant)
            throw error
        }
        return await fill(messages, grant)
    }

    /// Waits for messages; a pause, or a breaker that another worker's write opened, ends the wait.
    private func receive(
        _ request: ReceiveRequest, while grant: StepControl.Grant
    ) async throws -> [ReceivedMessage] {
        try await withThrowingTaskGroup(of: [ReceivedMessage]?.self) { group in
            group.addTask {
                try await queue.receive(request)
            }
            group.addTask {
                // Cancelled, it must not end the group before the receive has said what it brings: thrown away, that
                // would be held by nobody until the next start.
                do { try await control.waitUntilClosed(for: grant) } catch is CancellationError { return nil }
                return nil
            }
            defer { group.cancelAll() }
            // What the cancelled receive brings all the same is ours, and is worked on.
            do {
                for try await messages in group {
                    if let messages { return messages }
                    group.cancelAll()
                }
            } catch is CancellationError where !Task.isCancelled {
                return []
            }
            return []
        }
    }

    /// Waits for the batch to fill, if the definition says so. A suspect comes alone and stays alone.
    private func fill(_ messages: [ReceivedMessage], _ grant: StepControl.Grant) async -> Batch? {
        var messages = messages
        if plan.batchWindow > .zero, !messages.isEmpty, !grant.isProbe {
            let deadline = ContinuousClock.now + plan.batchWindow
            while messages.count < grant.limit, !isStopping, !messages.contains(where: \.isSuspect) {
                let wait = ContinuousClock.now.duration(to: deadline)
                guard wait > .zero else { break }
                let request = ReceiveRequest(limit: grant.limit - messages.count, wait: wait, holder: .step)
                do {
                    // What the wait brings although it is ended is ours.
                    let more = try await cancelWhenGracefulShutdown { try await receive(request, while: grant) }
                    guard !more.isEmpty else { break }
                    messages += more
                } catch {
                    logger.debug("A batch goes on unfilled", metadata: ["step": "\(step.name)", "error": "\(error)"])
                    break
                }
            }
        }
        control.received(messages.count, with: grant)
        return messages.isEmpty ? nil : Batch(messages: messages, isProbe: grant.isProbe)
    }

    /// Lets the step decide, and settles. Returns what the settlement brought along.
    private func handle(_ batch: Batch) async throws -> Batch? {
        let messages = batch.messages
        var dispositions = await step.process(messages)
        if dispositions.count != messages.count {
            logger.error(
                "A step must decide once about every message; what it answered is thrown away, all are released",
                metadata: [
                    "step": "\(step.name)", "messages": "\(messages.count)", "answers": "\(dispositions.count)",
                ])
            dispositions = messages.map { _ in .release(after: .seconds(1)) }
        }
        if batch.isProbe { control.probeEnded() }
        let settlement = Settlement(
            queue: queue.name, step: step.name, of: messages, dispositions: dispositions, ordered: plan.ordered)
        let grant = isStopping ? nil : control.admitNow(upTo: plan.batch)
        let result: SettlementResult
        do {
            result = try await settle(settlement, receiving: grant)
        } catch {
            if let grant { control.received(0, with: grant) }
            throw error
        }
        try await report(result.outcomes, of: settlement, messages)
        guard let grant else { return result.next.isEmpty ? nil : Batch(messages: result.next) }
        return await fill(result.next, grant)
    }

    /// A backoff after an error of the store, not a wait for an event: nothing would tell that it works again.
    func pause(_ duration: Duration) async {
        do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) } } catch { return }
    }
}
