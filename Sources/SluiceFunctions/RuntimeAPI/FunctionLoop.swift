import NIOCore
import NIOPosix

/// The event loop of all environments of this process: a request is a few microseconds of it, and a second loop would
/// cost wake-ups on small machines.
enum FunctionLoop {
    static let shared: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
}
