/// Turns what went wrong with a record into its disposition: the rules of `errors:`, the backoff, the words of the
/// failure's history.
struct FailurePolicy: Sendable {
    let rules: ErrorRules
    let backoff: Backoff
    let step: StepName
    let version: String?
    let clock: any EngineClock
    let control: StepControl

    func failure(_ problem: Problem) -> Failure {
        Failure(
            reason: control.masked(problem.reason), type: problem.type, step: step.step, time: clock.now,
            version: version)
    }

    /// `nil` = a rule paused the step: the record, and what comes behind it, is released.
    func disposition(of message: ReceivedMessage, failedBy problem: Problem) -> Disposition? {
        switch rules.verdict(on: problem) {
        case .retry: return retry(message, problem)
        case .reject: return .dead(failure(problem))
        case .filter: return .filtered
        case .pause:
            control.pause(reason: "`errors:` says pause: \(problem.reason)", automatic: true)
            return nil
        }
    }

    func retry(_ message: ReceivedMessage, _ problem: Problem, after: Duration = .zero) -> Disposition {
        let backoff = backoff.delay(afterReceive: message.receiveCount)
        return .retry(after: max(after, backoff), failure(problem))
    }
}

/// The decisions of a step about one batch, while they are being made.
struct BatchDecisions {
    let batch: [ReceivedMessage]
    /// True in a FIFO queue: behind a record that stays, its group stays.
    private let ordered: Bool
    private var made: [Disposition?]
    /// Where in the batch the first record stands that its group waits behind.
    private var held: [String: Int] = [:]

    init(_ batch: [ReceivedMessage], ordered: Bool) {
        self.batch = batch
        self.ordered = ordered
        made = Array(repeating: nil, count: batch.count)
    }

    mutating func decide(_ index: Int, _ disposition: Disposition) {
        made[index] = disposition
        if ordered, disposition.returnsMessage, let group = batch[index].lineage.group {
            held[group] = min(index, held[group] ?? index)
        }
    }

    /// Those of `indices` that nothing is decided about and whose group does not wait for an earlier record.
    func open(_ indices: some Sequence<Int>) -> [Int] {
        indices.filter { index in
            guard made[index] == nil else { return false }
            guard !held.isEmpty, let group = batch[index].lineage.group, let waits = held[group] else { return true }
            return index < waits
        }
    }

    /// Where the last record of each group stands; nothing in a queue without order.
    func lastOfGroup(among indices: some Sequence<Int>) -> [String: Int] {
        guard ordered else { return [:] }
        var last: [String: Int] = [:]
        for index in indices { if let group = batch[index].lineage.group { last[group] = index } }
        return last
    }

    /// Whether one of `records`, by group, has to wait because the record at `index`, of its group, stays.
    func holds(_ records: [String: Int], behind index: Int) -> Bool {
        guard let group = batch[index].lineage.group, let record = records[group], let waits = held[group] else {
            return false
        }
        return waits <= index && record > waits
    }

    mutating func releaseRest(after delay: Duration) {
        for index in made.indices where made[index] == nil { made[index] = .release(after: delay) }
    }

    /// One for every message; what nothing was decided about is released.
    var dispositions: [Disposition] { made.map { $0 ?? .release() } }
}
