import Sluice

/// How a command ended, for scripts.
enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// Done, but something is dead, or was not taken.
    case dead = 3
    /// The ledger does not add up, or data is damaged.
    case damaged = 4
    /// A breaker is open, or a step is paused.
    case stalled = 5
    case usage = 64
    /// The address cannot be listened on, or nobody listens there.
    case unavailable = 69
    case busy = 75
    case forbidden = 77
    case definition = 78
    case timeout = 124
    case interrupted = 130
}

/// Ends a command with a status, and a message on stderr where there is something to say.
struct CommandFailure: Error, Sendable, Equatable {
    var status: ExitStatus
    var message: String?

    init(_ status: ExitStatus, _ message: String? = nil) {
        self.status = status
        self.message = message
    }

    init(_ error: ControlError) {
        switch error {
        case .unknown(let text): self.init(.usage, text)
        case .refused(let text): self.init(.definition, text)
        case .damaged(let text): self.init(.damaged, text)
        case .busy(let text): self.init(.busy, text)
        case .forbidden(let text): self.init(.forbidden, text)
        case .failed(let text), .gone(let text): self.init(.failed, text)
        }
    }
}
