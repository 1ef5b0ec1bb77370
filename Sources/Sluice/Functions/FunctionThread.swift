import DequeModule
import Dispatch
import Foundation
import Synchronization

/// A thread of its own for one invocation at a time. A function that blocks or spins holds up this thread and
/// nothing else: the cooperative pool has one thread a core, and everybody's tasks share it.
final class FunctionThread: TaskExecutor {
    private enum Item {
        case job(UnownedJob)
        case stop
    }

    private let items = Mutex<Deque<Item>>([])
    private let available = DispatchSemaphore(value: 0)

    /// Deep recursion in a user's code (a parser, nested JSON) gets what a main thread has.
    private static let stackSize = 8 << 20

    static func start(name: String) -> FunctionThread {
        let executor = FunctionThread()
        let thread = Thread { executor.runJobs() }
        thread.name = name
        thread.stackSize = stackSize
        thread.start()
        return executor
    }

    func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    /// The thread ends after the jobs that are enqueued now. Called when no task prefers it any more: a job that
    /// is enqueued afterwards would never run.
    func stop() { add(.stop) }

    private func add(_ item: Item) {
        items.withLock { $0.append(item) }
        available.signal()
    }

    private func runJobs() {
        while true {
            available.wait()
            switch items.withLock({ $0.popFirst() }) {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .stop, nil: return
            }
        }
    }
}

/// The threads of one host: idle ones are used again, abandoned ones are counted until their function returns.
final class FunctionThreads: Sendable {
    private struct State {
        var idle: [FunctionThread] = []
        var abandoned = 0
        var closed = false
    }

    private let state = Mutex(State())
    private let name: String
    let mostAbandoned: Int

    init(name: String, mostAbandoned: Int) {
        self.name = name
        self.mostAbandoned = mostAbandoned
    }

    deinit { close() }

    /// `nil` when too many threads are lost to functions that do not return.
    func take() -> FunctionThread? {
        let (idle, exhausted) = state.withLock { ($0.idle.popLast(), $0.abandoned >= mostAbandoned) }
        if let idle, !exhausted { return idle }
        idle?.stop()
        return exhausted ? nil : FunctionThread.start(name: name)
    }

    func giveBack(_ thread: FunctionThread) {
        let stops = state.withLock { state in
            if !state.closed { state.idle.append(thread) }
            return state.closed
        }
        if stops { thread.stop() }
    }

    func abandon() { state.withLock { $0.abandoned += 1 } }

    /// The function on an abandoned thread has returned after all.
    func recover(_ thread: FunctionThread) {
        state.withLock { $0.abandoned -= 1 }
        thread.stop()
    }

    /// Ends idle threads now, busy ones when they are given back.
    func close() {
        let idle = state.withLock { state in
            state.closed = true
            defer { state.idle = [] }
            return state.idle
        }
        for thread in idle { thread.stop() }
    }
}
