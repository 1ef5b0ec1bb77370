import NIOCore
import NIOPosix

/// The event loop of all environments of this process: a request is a few microseconds of it, and a second loop would
/// cost wake-ups on small machines.
enum FunctionLoop {
    static let shared: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    /// Runs tasks on it. One that talks to a process all the time is at home where the process's answers come in: nobody
    /// has to be woken between an answer and the next invocation.
    static let executor: any TaskExecutor = LoopExecutor(loop: shared)
}

private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
