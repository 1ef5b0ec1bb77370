import Dispatch
import Foundation
import Synchronization

/// Runs an actor on a thread of its own, so that its calls may block for as long as it takes. Dispatch has few threads
/// for all of its queues: calls that wait for each other, as two transactions do, must not share them.
final class ThreadExecutor: SerialExecutor {
    private let jobs = Jobs()

    init(label: String) {
        let thread = Thread { [jobs] in jobs.run() }
        thread.name = label
        thread.start()
    }

    deinit { jobs.end() }

    func enqueue(_ job: consuming ExecutorJob) { jobs.put(UnownedJob(job), on: self) }
}

private final class Jobs: Sendable {
    /// A job keeps its executor until it is done.
    private typealias Item = (job: UnownedJob, executor: ThreadExecutor)

    private let waiting = Mutex<[Item]>([])
    /// One signal for each job, and one for the end.
    private let signal = DispatchSemaphore(value: 0)

    func put(_ job: UnownedJob, on executor: ThreadExecutor) {
        waiting.withLock { $0.append((job, executor)) }
        signal.signal()
    }

    func end() { signal.signal() }

    func run() {
        while true {
            signal.wait()
            let next = waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let (job, executor) = next else { return }
            job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
    }
}
