import Sluice

/// What the present turn adds to the failures of messages that are still in their queues, and takes from them.
///
/// One row a failure, in a table of their own: a message that fails again writes its latest failure, and neither the
/// ones before nor those of its neighbours.
struct FailureBook {
    private var added: [MessageRef: [(number: Int, failure: Failure)]] = [:]
    private var forgotten: Set<MessageRef> = []

    /// - Parameter number: how many it had before.
    mutating func add(_ failure: Failure, number: Int, of message: MessageRef) {
        added[message, default: []].append((number, failure))
    }

    /// The message is gone, and its failures with it.
    mutating func forget(_ message: MessageRef) {
        added[message] = nil
        forgotten.insert(message)
    }

    /// What is not written yet, oldest first.
    func added(to message: MessageRef) -> [Failure] { added[message]?.map(\.failure) ?? [] }

    func write(to database: StoreDatabase) throws {
        for message in forgotten { try database.forgetFailures(of: message) }
        for (message, failures) in added {
            for (number, failure) in failures {
                try database.insert(failure, number: number, of: message)
                // The first and the last five are kept; what lies between is only counted.
                let outdated = number - FailureHistory.keptAtEachEnd
                if outdated >= FailureHistory.keptAtEachEnd { try database.forgetFailure(outdated, of: message) }
            }
        }
    }

    mutating func removeAll() {
        added.removeAll()
        forgotten.removeAll()
    }
}

extension StoreState {
    /// One more failure of a message that is still here.
    func note(_ failure: Failure, of ref: MessageRef, in chunk: Chunk) {
        let number = chunk.failures[Int(ref.index), default: 0]
        chunk.failures[Int(ref.index)] = number + 1
        failures.add(failure, number: number, of: ref)
        dirty.insert(chunk.id)
    }

    /// The failures so far of a message that is still here.
    func history(of ref: MessageRef, in chunk: Chunk) throws -> FailureHistory {
        guard let count = chunk.failures[Int(ref.index)] else { return FailureHistory() }
        var kept: [Failure] = []
        try database.forEachFailure(of: ref) { bytes in
            var reader = ByteReader(bytes)
            kept.append(try FailureCoding.read(from: &reader))
        }
        let history = FailureHistory(kept: kept, of: count - failures.added(to: ref).count)
        return failures.added(to: ref).reduce(into: history) { $0.append($1) }
    }
}
