import Synchronization

/// Tells a function that is at fault from records that are: of the last records that a step decided about, so many
/// failed alike (`pause_when`). Then the step pauses, and good records stay out of the dead-letter queue.
final class AlikeFailures: Sendable {
    private struct State {
        var window: LikenessWindow
        /// Why the step paused itself; kept until it works again, for the batches that were under way.
        var reason: String?
        /// How often the step had been resumed when the window began.
        var resumes = 0
    }

    private let plan: PauseWhen
    private let state: Mutex<State>

    init(_ plan: PauseWhen) {
        self.plan = plan
        state = Mutex(State(window: LikenessWindow(plan.records)))
    }

    /// A batch begins. Of a step that somebody resumed, nothing from before counts.
    /// - Parameter resumes: `StepControl.resumes`. That the step is not paused says nothing: another worker may have
    ///   found the reason and not have paused it yet.
    func begin(resumes: Int) {
        state.withLock { state in
            guard resumes > state.resumes else { return }
            state = State(window: LikenessWindow(plan.records), resumes: resumes)
        }
    }

    /// Counts what was decided about a batch; what was released is not decided about.
    /// - Returns: why the step must pause; what failed in this batch must not pay for it.
    func note(_ dispositions: [Disposition]) -> String? {
        state.withLock { state in
            for disposition in dispositions {
                if case .release = disposition { continue }
                guard let failure = disposition.failure else {
                    state.window.push(nil)
                    continue
                }
                guard state.window.push(failure.fingerprint) >= plan.failures, state.reason == nil else { continue }
                state.reason = reason(failure)
            }
            return state.reason
        }
    }

    /// One line of the status: the history of the records has the whole of a long reason.
    private func reason(_ failure: Failure) -> String {
        let longest = 300
        let words = failure.reason.count > longest ? failure.reason.prefix(longest) + "…" : failure.reason[...]
        return "\(plan.percent)% of the last \(plan.records) records failed alike: \(words)"
    }
}

/// The fingerprints of the last failures, at their place among the last records. What did not happen yet counts as
/// success, so the share is never taken of too few.
struct LikenessWindow: Sendable {
    private let size: Int
    /// The latest record's is before `next`; `nil` = it did not fail.
    private var places: [String?] = []
    private var next = 0
    private var counts: [String: Int] = [:]

    init(_ size: Int) { self.size = max(1, size) }

    /// - Parameter fingerprint: `nil` = the record did not fail.
    /// - Returns: how many of the last records, this one included, failed with it.
    @discardableResult mutating func push(_ fingerprint: String?) -> Int {
        // Among successes only, one more changes nothing: what a step that works pays for this.
        if fingerprint == nil, counts.isEmpty { return 0 }
        if places.isEmpty { places = Array(repeating: nil, count: size) }
        if let left = places[next], let count = counts[left] { counts[left] = count > 1 ? count - 1 : nil }
        places[next] = fingerprint
        next = (next + 1) % size
        guard let fingerprint else { return 0 }
        counts[fingerprint, default: 0] += 1
        return counts[fingerprint, default: 0]
    }
}
