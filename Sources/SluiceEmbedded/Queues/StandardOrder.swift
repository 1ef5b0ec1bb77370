import DequeModule

/// The visible messages of a standard queue, roughly in order of arrival: runs of untouched messages, and before
/// them those that came back.
struct StandardOrder {
    private struct Run {
        let chunk: Int64
        var indices: Range<Int32>
    }

    private var returned: Deque<MessageRef> = []
    private var runs: Deque<Run> = []

    mutating func append(chunk: Int64, indices: Range<Int32>) {
        guard !indices.isEmpty else { return }
        if let last = runs.last, last.chunk == chunk, last.indices.upperBound == indices.lowerBound {
            runs[runs.count - 1].indices = last.indices.lowerBound..<indices.upperBound
        } else {
            runs.append(Run(chunk: chunk, indices: indices))
        }
    }

    /// A message that was received and is visible again.
    mutating func putBack(_ ref: MessageRef) { returned.append(ref) }

    /// A message that has to come before all others: one that our process held when it died.
    mutating func putFirst(_ ref: MessageRef) { returned.prepend(ref) }

    func peek() -> MessageRef? {
        if let ref = returned.first { return ref }
        guard let run = runs.first else { return nil }
        return MessageRef(chunk: run.chunk, index: run.indices.lowerBound)
    }

    mutating func pop() -> MessageRef? {
        if let ref = returned.popFirst() { return ref }
        guard let run = runs.first else { return nil }
        if run.indices.count == 1 {
            runs.removeFirst()
        } else {
            runs[0].indices = run.indices.lowerBound + 1..<run.indices.upperBound
        }
        return MessageRef(chunk: run.chunk, index: run.indices.lowerBound)
    }
}
