import NIOCore
import Synchronization

/// Connections that were let in and are open, also those that nobody has begun to serve: when serving ends, they must
/// not be left open, or their clients would wait for an answer for as long as this process lives.
final class AcceptedChannels: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isOver = false
    }

    private let state = Mutex(State())

    /// One that comes after the end is closed at once.
    func add(_ channel: any Channel) {
        let isOver = state.withLock { state in
            if !state.isOver { state.open[ObjectIdentifier(channel)] = channel }
            return state.isOver
        }
        guard !isOver else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in self.remove(ObjectIdentifier(channel)) }
    }

    func closeAll() {
        let left = state.withLock { state in
            state.isOver = true
            return Array(state.open.values)
        }
        for channel in left { channel.close(promise: nil) }
    }

    private func remove(_ channel: ObjectIdentifier) {
        state.withLock { _ = $0.open.removeValue(forKey: channel) }
    }
}
