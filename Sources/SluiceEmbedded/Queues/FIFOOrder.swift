import DequeModule
import HeapModule

/// The visible messages of a FIFO queue: a line for each message group, and the groups whose turn it is.
///
/// A group is locked behind a message of it that is in flight: nothing younger of it is handed out then, other than in
/// the same answer. (One that is older, and visible again before its neighbours, is.) In a pipeline's queue the group
/// whose first message is the oldest has the next turn, so that messages leave roughly as they came and a batch touches
/// few chunks. In a client's queue groups take turns as in SQS: one that comes back stands behind the others.
struct FIFOOrder {
    private struct Group {
        /// Visible messages, oldest first.
        var line: Deque<MessageRef> = []
        /// Messages in flight, oldest first.
        var inFlight: Deque<MessageRef> = []
        var name = ""
        /// Its messages, wherever they are.
        var messages = 0
        /// Where it stands among the groups whose turn it is; `nil` = it has no turn.
        var turn: MessageRef?

        /// The message that may be handed out next; `nil` = none, now.
        var next: MessageRef? {
            guard let first = line.first else { return nil }
            if let held = inFlight.first, held < first { return nil }
            return first
        }
    }

    private struct Turn: Comparable {
        let place: MessageRef
        let group: UInt32

        static func < (left: Turn, right: Turn) -> Bool { left.place < right.place }
    }

    /// Whose turn it is: the group with the oldest message, or the one that has waited longest.
    var takesOldest = true
    /// How many turns were given, where groups wait for theirs.
    private var given: Int64 = 0

    private var numbers: [String: UInt32] = [:]
    private var groups: [Group] = []
    /// Numbers of groups that have no messages left: there may be as many groups as there are records, in time.
    private var free: [UInt32] = []
    /// A turn is void when its group has another one, or none, by now.
    private var turns = Heap<Turn>()

    /// How many groups there have been at once.
    var groupCount: Int { groups.count }

    /// One more message has this group.
    /// - Returns: the number under which the queue knows the group.
    mutating func join(_ name: String) -> UInt32 {
        if let number = numbers[name] {
            groups[Int(number)].messages += 1
            return number
        }
        let group = Group(name: name, messages: 1)
        let number: UInt32
        if let unused = free.popLast() {
            number = unused
            groups[Int(number)] = group
        } else {
            number = UInt32(groups.count)
            groups.append(group)
        }
        numbers[name] = number
        return number
    }

    /// A message of the group is gone. With its last one the group is forgotten; a turn that it still has is void.
    mutating func leave(_ group: UInt32) {
        groups[Int(group)].messages -= 1
        guard groups[Int(group)].messages == 0 else { return }
        numbers[groups[Int(group)].name] = nil
        groups[Int(group)] = Group()
        free.append(group)
    }

    /// Puts a visible message into its place in the group's line: nothing younger stays before it.
    mutating func insert(_ ref: MessageRef, group: UInt32) {
        let number = Int(group)
        Self.insert(ref, into: &groups[number].line)
        if groups[number].line.first == ref { offerTurn(group) }
    }

    private static func insert(_ ref: MessageRef, into line: inout Deque<MessageRef>) {
        if let last = line.last, ref < last {
            line.insert(ref, at: place(of: ref, in: line))
        } else {
            line.append(ref)
        }
    }

    private static func place(of ref: MessageRef, in line: Deque<MessageRef>) -> Int {
        var places = line.startIndex..<line.endIndex
        while !places.isEmpty {
            let middle = places.lowerBound + places.count / 2
            places = ref < line[middle] ? places.lowerBound..<middle : middle + 1..<places.upperBound
        }
        return places.lowerBound
    }

    /// A message of the group went in flight.
    mutating func lock(_ ref: MessageRef, group: UInt32) {
        Self.insert(ref, into: &groups[Int(group)].inFlight)
        endTurn(of: group)
    }

    /// A group that nothing can be received from has no turn any more: when it has one again, it stands at the end.
    private mutating func endTurn(of group: UInt32) {
        if groups[Int(group)].next == nil { groups[Int(group)].turn = nil }
    }

    /// A message of the group is no longer in flight.
    mutating func unlock(_ ref: MessageRef, group: UInt32) {
        let number = Int(group)
        // Mostly the oldest ends first.
        if groups[number].inFlight.first == ref {
            groups[number].inFlight.removeFirst()
        } else {
            let place = Self.place(of: ref, in: groups[number].inFlight) - 1
            guard place >= 0, groups[number].inFlight[place] == ref else { return }
            groups[number].inFlight.remove(at: place)
        }
        offerTurn(group)
    }

    /// The groups that have visible messages, with how many and the first of each; roughly, for some may be gone.
    var waiting: [(name: String, count: Int, first: MessageRef)] {
        groups.compactMap { group in group.line.first.map { (group.name, group.line.count, $0) } }
    }

    /// The group whose turn it is, and its first message.
    mutating func nextTurn() -> (group: UInt32, ref: MessageRef)? {
        while let turn = turns.min {
            let group = Int(turn.group)
            if groups[group].turn == turn.place {
                if let next = groups[group].next, !takesOldest || next == turn.place { return (turn.group, next) }
                groups[group].turn = nil
            }
            turns.removeMin()
        }
        return nil
    }

    /// The oldest message of a group that is in flight: nothing younger may be handed out.
    func oldestInFlight(of group: UInt32) -> MessageRef? { groups[Int(group)].inFlight.first }

    /// The first message of a group's line, whatever locks it.
    func first(of group: UInt32) -> MessageRef? { groups[Int(group)].line.first }

    /// Takes the first message out of a group's line, because it goes in flight.
    mutating func take(from group: UInt32) { groups[Int(group)].line.removeFirst() }

    /// Takes a message that is not there any more out of the front of a line.
    mutating func skip(in group: UInt32) {
        groups[Int(group)].line.removeFirst()
        offerTurn(group)
    }

    /// A group that may be received from gets its turn; one that has it already loses nothing.
    mutating func offerTurn(_ number: UInt32) {
        let group = Int(number)
        guard let first = groups[group].next else { return groups[group].turn = nil }
        let place: MessageRef
        if takesOldest {
            guard groups[group].turn != first else { return }
            place = first
        } else {
            guard groups[group].turn == nil else { return }
            given += 1
            place = MessageRef(chunk: given, index: 0)
        }
        groups[group].turn = place
        turns.insert(Turn(place: place, group: number))
    }
}
