import Sluice
import Synchronization

/// When a request is made again: AWS's standard mode. At most so many attempts, longer and longer waits of random length,
/// and a budget that all requests share, so that a service that is down is not asked more by everybody who fails.
package final class RetryBudget: Sendable {
    /// Of one request, the first one included.
    package static let attempts = 3
    private static let capacity = 500
    private static let cost = 5
    private static let costOfTimeout = 10
    private static let longestWait: Duration = .seconds(20)

    private let left = Mutex(RetryBudget.capacity)

    package init() {}

    /// Whether a retry may be made, which then has to be paid back.
    /// - Returns: what it costs; `nil` = it may not.
    package func take(isTimeout: Bool) -> Int? {
        let cost = isTimeout ? Self.costOfTimeout : Self.cost
        return left.withLock { left in
            guard left >= cost else { return nil }
            left -= cost
            return cost
        }
    }

    /// A request has been answered: what its retry cost is there again, or one for a first attempt.
    package func giveBack(_ cost: Int?) { left.withLock { $0 = min(Self.capacity, $0 + (cost ?? 1)) } }

    /// Anything from nothing to a second, two, four, …
    package static func wait(afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let longest = min(longestWait, .seconds(1 << min(attempt - 1, 10)))
        return .milliseconds(Int64.random(in: 0...longest.milliseconds, using: &generator))
    }
}
