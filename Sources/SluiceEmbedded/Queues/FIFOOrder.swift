import DequeModule

/// The visible messages of a FIFO queue: a line for each message group, and the groups whose turn it is.
///
/// A group is locked while a message of it is in flight; nothing of it is handed out then, other than in the
/// same answer.
struct FIFOOrder {
    private struct Group {
        /// Visible messages, oldest first.
        var line: Deque<MessageRef> = []
        var inFlight = 0
        /// Whether the group is in `turns`.
        var hasTurn = false
    }

    private var numbers: [String: UInt32] = [:]
    private var groups: [Group] = []
    /// Groups with visible messages and no lock, each once.
    private var turns: Deque<UInt32> = []

    /// The number under which the queue knows a group.
    mutating func number(of name: String) -> UInt32 {
        if let number = numbers[name] { return number }
        let number = UInt32(groups.count)
        numbers[name] = number
        groups.append(Group())
        return number
    }

    /// Puts a visible message into its place in the group's line: nothing younger stays before it.
    mutating func insert(_ ref: MessageRef, group: UInt32) {
        let number = Int(group)
        if let last = groups[number].line.last, ref < last {
            let place = groups[number].line.firstIndex { ref < $0 } ?? groups[number].line.endIndex
            groups[number].line.insert(ref, at: place)
        } else {
            groups[number].line.append(ref)
        }
        offerTurn(group)
    }

    /// Gives the group the next turn: one of its messages has to come before all others.
    mutating func putFirst(_ ref: MessageRef, group: UInt32) {
        let before = turns.count
        insert(ref, group: group)
        if turns.count > before, let number = turns.popLast() { turns.prepend(number) }
    }

    /// A message of the group went in flight.
    mutating func lock(_ group: UInt32) { groups[Int(group)].inFlight += 1 }

    /// A message of the group is no longer in flight.
    mutating func unlock(_ group: UInt32) {
        groups[Int(group)].inFlight -= 1
        offerTurn(group)
    }

    /// The group whose turn it is and its first message.
    func peek() -> (group: UInt32, ref: MessageRef)? {
        guard let group = turns.first, let ref = groups[Int(group)].line.first else { return nil }
        return (group, ref)
    }

    /// The first message of a group's line, whatever locks it.
    func first(of group: UInt32) -> MessageRef? { groups[Int(group)].line.first }

    mutating func pop(_ group: UInt32) -> MessageRef? { groups[Int(group)].line.popFirst() }

    /// Ends the turn of the group that `peek` showed; it gets another when it may be received from.
    mutating func endTurn() {
        guard let group = turns.popFirst() else { return }
        groups[Int(group)].hasTurn = false
        offerTurn(group)
    }

    private mutating func offerTurn(_ number: UInt32) {
        let group = groups[Int(number)]
        guard !group.hasTurn, group.inFlight == 0, !group.line.isEmpty else { return }
        groups[Int(number)].hasTurn = true
        turns.append(number)
    }
}
