import NIOCore
import Synchronization

/// The connections of a port that are open.
final class OpenConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
        /// Who waits until the last one has closed.
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var isDraining: Bool { state.withLock(\.isDraining) }
    var count: Int { state.withLock(\.channels.count) }

    /// - Returns: whether it may stay.
    func add(_ channel: any Channel, most: Int) -> Bool {
        let mayStay = state.withLock { state in
            guard !state.isDraining, state.channels.count < most else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        if mayStay { channel.closeFuture.whenComplete { _ in self.remove(ObjectIdentifier(channel)) } }
        return mayStay
    }

    private func remove(_ channel: ObjectIdentifier) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.channels[channel] = nil
            guard state.channels.isEmpty else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Lets nobody in any more, and returns when all have had their answers and are closed.
    func drain() async {
        await withCheckedContinuation { continuation in
            let left = state.withLock { state -> [any Channel] in
                state.isDraining = true
                if !state.channels.isEmpty { state.waiter = continuation }
                return Array(state.channels.values)
            }
            if left.isEmpty { continuation.resume() }
            for channel in left { channel.pipeline.fireUserInboundEventTriggered(ServerConnection.Drain()) }
        }
    }

    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
