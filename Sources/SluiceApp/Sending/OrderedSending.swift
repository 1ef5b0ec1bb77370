package import Sluice

/// A way into a queue on which several sends may be under way at once and are stored in the order in which they were
/// begun: none after one that failed.
package protocol OrderedSending: Sendable {
    /// Puts a send on its way, without waiting for it.
    func begin(_ messages: [NewMessage], to queue: String, at position: SendPosition?) throws -> any PendingResults
}

package protocol PendingResults: Sendable {
    /// Waits for the answer. Called once.
    func results() async throws -> [SendResult]
}
