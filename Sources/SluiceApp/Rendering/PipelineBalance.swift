import Sluice

/// The ledger of one pipeline as one equation: what came in, and where all of it is. Follows from the identities of
/// its queues and steps, so that it is off exactly when one of them is.
struct PipelineBalance: Sendable, Equatable {
    /// Records that came in from outside; what was redriven had come in before.
    var received = 0
    /// Of them the raw copies of messages that were sent again.
    var replayed = 0
    /// Objects that are not split into records yet, or could not be: they wait, or are dead.
    var objects = 0
    /// Outputs of the transform, and the records they came from: equal unless one record has several outputs.
    var outputs = 0
    var passed = 0
    var filtered = 0
    /// Taken by a function that did not say what became of each.
    var unconfirmed = 0
    var delivered = 0
    var waiting = 0
    var inFlight = 0
    var dead = 0
    var discarded = 0
    var expired = 0
    var erased = 0
    /// Could not be read when the folder was repaired.
    var lost = 0
    /// Taken elsewhere; what was redriven stayed here.
    var movedOut = 0

    init(_ pipeline: PipelineReport) {
        for queue in pipeline.queues {
            let count = { (entry: LedgerEntry) in queue.ledger[entry] ?? 0 }
            received += count(.split) + count(.refused) + count(.movedIn)
            if queue.role == .objects {
                objects += count(.sent) + count(.replayed)
            } else {
                received += count(.sent) + count(.replayed)
                replayed += count(.replayed)
            }
            discarded += count(.discarded)
            expired += count(.expired)
            erased += count(.erased)
            lost += count(.lost)
            movedOut += count(.movedOut) - count(.redriven)
            if queue.role == .deadLetter {
                dead += queue.depth.messages
            } else {
                waiting += queue.depth.ready + queue.depth.delayed
                inFlight += queue.depth.inFlight
            }
        }
        for step in pipeline.steps + pipeline.formerSteps {
            let count = { (entry: LedgerEntry) in step.ledger[entry] ?? 0 }
            filtered += count(.filtered)
            unconfirmed += count(.unconfirmed)
            switch step.kind {
            case .split: objects -= count(.passed)
            case .transform:
                passed += count(.passed)
                outputs += count(.outputs)
            case .delivery: delivered += count(.written) + count(.stale) + count(.repeated) + count(.ignored)
            }
        }
    }

    /// What is left of the equation; 0 = it adds up.
    var difference: Int { received + objects + outputs - passed - accounted }

    private var accounted: Int {
        delivered + filtered + unconfirmed + waiting + inFlight + dead + discarded + expired + erased + lost
            + movedOut
    }

    var oneOutputEach: Bool { outputs == passed }

    /// Zeroes that a person expects to see stay; the rarer ones show only when there are some.
    var terms: [(name: String, count: Int)] {
        let always = [
            ("delivered", delivered), ("filtered", filtered), ("waiting", waiting), ("in flight", inFlight),
            ("dead", dead),
        ]
        let rare = [
            ("unconfirmed", unconfirmed), ("discarded", discarded), ("expired", expired), ("erased", erased),
            ("lost", lost), ("moved out", movedOut),
        ]
        return always + rare.filter { $0.1 != 0 }
    }
}

extension StepReport {
    /// `transform`, `→ shop`.
    var title: String { kind == .delivery ? "→ \(name.step)" : name.step }
}
