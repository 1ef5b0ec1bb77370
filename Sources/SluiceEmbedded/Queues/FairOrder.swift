import DequeModule

/// The visible messages of a standard queue. Messages with a group (a tenant, say) take turns group by group, so that one
/// that sends a million holds up nobody else; those without one stand in a line of their own. In each line the order is
/// roughly that of arrival.
struct FairOrder {
    private struct Line {
        var visible: Deque<MessageRef> = []
        var name = ""
        /// Its messages, wherever they are.
        var messages = 0
        /// It stands among those whose turn it is.
        var hasTurn = false
    }

    /// Messages of no group.
    static let none: UInt32 = 0

    /// What has to come before all others.
    private var urgent: Deque<MessageRef> = []
    private var ungrouped = StandardOrder()
    /// Group n is at n - 1.
    private var lines: [Line] = []
    private var numbers: [String: UInt32] = [:]
    /// Numbers of groups that have no messages left.
    private var free: [UInt32] = []
    /// The groups with visible messages, in the order of their turns; messages of no group are one of them.
    private var turns: Deque<UInt32> = []
    private var ungroupedHasTurn = false

    // MARK: Groups

    /// One more message has this group.
    /// - Returns: the number under which the queue knows the group.
    mutating func join(_ name: String) -> UInt32 {
        if let number = numbers[name] {
            lines[Int(number) - 1].messages += 1
            return number
        }
        let line = Line(name: name, messages: 1)
        let number: UInt32
        if let unused = free.popLast() {
            number = unused
            lines[Int(number) - 1] = line
        } else {
            lines.append(line)
            number = UInt32(lines.count)
        }
        numbers[name] = number
        return number
    }

    /// A message of the group is gone.
    mutating func leave(_ group: UInt32) {
        guard group != Self.none else { return }
        let index = Int(group) - 1
        lines[index].messages -= 1
        guard lines[index].messages == 0 else { return }
        numbers[lines[index].name] = nil
        // Where it has a turn, that finds nothing.
        lines[index] = Line(hasTurn: lines[index].hasTurn)
        if !lines[index].hasTurn { free.append(group) }
    }

    /// The groups that have visible messages, with how many and the first of each; roughly, for some may be gone.
    var waiting: [(name: String, count: Int, first: MessageRef)] {
        lines.compactMap { line in line.visible.first.map { (line.name, line.visible.count, $0) } }
    }

    // MARK: Messages

    mutating func append(_ ref: MessageRef, group: UInt32) {
        if group == Self.none {
            ungrouped.append(chunk: ref.chunk, indices: ref.index..<ref.index + 1)
        } else {
            lines[Int(group) - 1].visible.append(ref)
        }
        offerTurn(group)
    }

    /// A message that was received and is visible again: before those of its group that came later.
    mutating func putBack(_ ref: MessageRef, group: UInt32) {
        if group == Self.none {
            ungrouped.putBack(ref)
        } else {
            lines[Int(group) - 1].visible.prepend(ref)
        }
        offerTurn(group)
    }

    /// A message that has to come before all others: one that our process held when it died.
    mutating func putFirst(_ ref: MessageRef) { urgent.prepend(ref) }

    mutating func peek() -> MessageRef? {
        if let ref = urgent.first { return ref }
        while let group = turns.first {
            if let ref = group == Self.none ? ungrouped.peek() : lines[Int(group) - 1].visible.first { return ref }
            turns.removeFirst()
            endTurn(group)
        }
        return nil
    }

    /// Takes what `peek` has shown; the next turn is another group's.
    mutating func pop() {
        if urgent.popFirst() != nil { return }
        guard let group = turns.popFirst() else { return }
        let isEmpty: Bool
        if group == Self.none {
            _ = ungrouped.pop()
            isEmpty = ungrouped.peek() == nil
        } else {
            _ = lines[Int(group) - 1].visible.popFirst()
            isEmpty = lines[Int(group) - 1].visible.isEmpty
        }
        if isEmpty { endTurn(group) } else { turns.append(group) }
    }

    private mutating func offerTurn(_ group: UInt32) {
        if group == Self.none {
            if !ungroupedHasTurn { turns.append(group) }
            ungroupedHasTurn = true
        } else if !lines[Int(group) - 1].hasTurn {
            lines[Int(group) - 1].hasTurn = true
            turns.append(group)
        }
    }

    private mutating func endTurn(_ group: UInt32) {
        guard group != Self.none else { return ungroupedHasTurn = false }
        let index = Int(group) - 1
        lines[index].hasTurn = false
        if lines[index].messages == 0 { free.append(group) }
    }
}
