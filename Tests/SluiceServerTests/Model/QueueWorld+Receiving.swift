extension QueueWorld {
    mutating func receive(
        _ options: ReceiveOptions, _ sightings: [Sighting], from name: String, _ facts: MessageBook.Facts,
        isQuiet: Bool
    ) throws(Contradiction) {
        let queue = try existing(name)
        let hidden = now + 1_000 * (options.visibilityTimeout ?? queue.attributes.visibilityTimeout)
        // What is deleted with its queue, or purged, together with a receive may be missing in its answer.
        if sightings.isEmpty, !isQuiet { return bury(in: name, except: [], isWalked: false, self, facts) }
        if let attempt = options.attempt.flatMap({ queue.attempts[$0] }), try isAgain(attempt, sightings, isQuiet) {
            return receiveAgain(options.attempt, from: name, until: hidden)
        }
        guard sightings.count <= options.limit else { throw Contradiction("more than were asked for") }
        guard Set(sightings.map(\.key)).count == sightings.count else { throw Contradiction("the same one twice") }
        let isWalked = isQuiet && sightings.count < options.limit
        let before = self
        for (place, sighting) in sightings.enumerated() {
            let fitting = before.states(of: sighting.key).filter { before.fits($0, sighting, name, facts) }
            guard !fitting.isEmpty else {
                throw Contradiction("\(sighting.key) cannot be received: \(before.states(of: sighting.key)) at \(now)")
            }
            if names.isFIFO { try before.checkOrder(of: sighting, behind: sightings[..<place], in: name, facts) }
            set(sighting.key, to: Set(fitting.map { $0.received(sighting, at: now, until: hidden) }))
        }
        let received = Set(sightings.map(\.key))
        if isWalked { try checkNothingIsLeft(received, in: name, before, facts) }
        bury(in: name, except: received, isWalked: isWalked, before, facts)
        if let attempt = options.attempt, names.isFIFO, !sightings.isEmpty {
            let given = received.compactMap { key in messages[key]?.first.map { (key, $0) } }
            queues[name]?.attempts[attempt] = Attempt(
                given: Dictionary(uniqueKeysWithValues: given), expires: now + 300_000)
        }
    }

    // MARK: Which messages

    /// Whether a message in this state may be received as it was.
    private func fits(
        _ state: MessageState, _ sighting: Sighting, _ name: String, _ facts: MessageBook.Facts
    ) -> Bool {
        // The guide does not say when a dead letter was first received.
        let isDeadLetter = facts.drafts[sighting.key]?.queue != name
        return isReceivable(state, from: name) && state.receives + 1 == sighting.count && state.sent == sighting.sent
            && (state.id ?? sighting.id) == sighting.id && (state.sequence ?? sighting.sequence) == sighting.sequence
            && (isDeadLetter || (state.firstReceived ?? now) == sighting.firstReceived)
    }

    private func isVisible(_ state: MessageState, in name: String) -> Bool {
        state.queue == name && state.visibleAt <= now && !isExpired(state)
    }

    private func isReceivable(_ state: MessageState, from name: String) -> Bool {
        isVisible(state, in: name) && !isSpent(state, in: name)
    }

    /// The next receive would be one too many.
    private func isSpent(_ state: MessageState, in name: String) -> Bool {
        queues[name]?.attributes.redrive.map { state.receives >= $0.maxReceiveCount } ?? false
    }

    /// Nothing younger of its group may be received.
    private func isHidden(_ state: MessageState, in name: String) -> Bool {
        state.queue == name && state.visibleAt > now && !isExpired(state)
    }

    /// Messages of the same group that were sent before: what may be of each.
    private func older(
        than sequence: String?, ofGroupOf key: String, in name: String, _ facts: MessageBook.Facts
    ) -> [(key: String, states: Set<MessageState>)] {
        guard let sequence, let group = facts.drafts[key]?.group else { return [] }
        return messages.filter { other, states in
            other != key && facts.drafts[other]?.group == group
                && states.allSatisfy { $0.queue == name && $0.sequence.map { $0 < sequence } ?? false }
        }.map { ($0.key, $0.value) }
    }

    /// Nothing of a group is received while something older of it is hidden, or before something older that is visible.
    private func checkOrder(
        of sighting: Sighting, behind earlier: ArraySlice<Sighting>, in name: String, _ facts: MessageBook.Facts
    ) throws(Contradiction) {
        let group = facts.drafts[sighting.key]?.group
        for other in earlier where facts.drafts[other.key]?.group == group {
            guard let before = other.sequence, let after = sighting.sequence, before < after else {
                throw Contradiction("\(sighting.key) stands behind \(other.key)")
            }
        }
        for (key, states) in older(than: sighting.sequence, ofGroupOf: sighting.key, in: name, facts) {
            // What dies is not delayed in its dead-letter queue; what somebody sends there is.
            let isDead = facts.drafts[sighting.key]?.queue != name
            if states.allSatisfy({ isHidden($0, in: name) && !(isDead && $0.isDelayed) }) {
                throw Contradiction("\(sighting.key) has overtaken \(key), which is hidden: \(states)")
            }
            if states.allSatisfy({ isReceivable($0, from: name) }), !earlier.contains(where: { $0.key == key }) {
                throw Contradiction("\(sighting.key) has overtaken \(key), which is visible: \(states)")
            }
        }
    }

    /// Whether something of its group may keep a message back.
    private func mayBeBlocked(_ key: String, in name: String, _ facts: MessageBook.Facts) -> Bool {
        guard names.isFIFO else { return false }
        let group = facts.drafts[key]?.group
        let sequences = states(of: key).map(\.sequence)
        return messages.contains { other, states in
            other != key && facts.drafts[other]?.group == group
                && states.contains { state in
                    guard isHidden(state, in: name) else { return false }
                    guard let hidden = state.sequence else { return true }
                    return sequences.contains { $0.map { hidden < $0 } ?? true }
                }
        }
    }

    /// A receive that has been through the whole queue leaves nothing visible: what it has not received is not there.
    private mutating func checkNothingIsLeft(
        _ received: Set<String>, in name: String, _ before: QueueWorld, _ facts: MessageBook.Facts
    ) throws(Contradiction) {
        for (key, states) in before.messages where !received.contains(key) {
            guard !before.mayBeBlocked(key, in: name, facts) else { continue }
            let left = states.filter { !before.isReceivable($0, from: name) }
            guard !left.isEmpty else { throw Contradiction("at \(now) there is \(key), too: \(states)") }
            set(key, to: left)
        }
    }

    // MARK: What becomes of them

    /// A receive that comes upon a message which was received too often moves it to the dead-letter queue instead. Which
    /// ones it has come upon is seen only when it has been through all of them.
    private mutating func bury(
        in name: String, except received: Set<String>, isWalked: Bool, _ before: QueueWorld, _ facts: MessageBook.Facts
    ) {
        guard let target = queues[name]?.attributes.redrive?.target else { return }
        for (key, states) in messages where !received.contains(key) {
            let isCertain = isWalked && !before.mayBeBlocked(key, in: name, facts)
            set(
                key,
                to: states.reduce(into: Set<MessageState>()) { $0.formUnion(buried($1, in: name, target, isCertain)) })
        }
    }

    private func buried(
        _ state: MessageState, in name: String, _ target: String, _ isCertain: Bool
    ) -> Set<MessageState> {
        guard isVisible(state, in: name), isSpent(state, in: name) else { return [state] }
        var dead = state
        dead.queue = target
        dead.sequence = nil
        dead.visibleAt = now
        dead.isDelayed = false
        dead.takenAt = -1
        dead.firstReceived = nil
        // A dead letter of a standard queue keeps its age.
        if names.isFIFO { dead.arrived = now }
        return isCertain ? lapsing(dead) : lapsing(dead).union([state])
    }

    /// What a receive may have done that nobody was told of: each message may have been among what it took.
    mutating func receiveUnseen(_ options: ReceiveOptions, from name: String) {
        guard let queue = queues[name] else { return }
        let hidden = now + 1_000 * (options.visibilityTimeout ?? queue.attributes.visibilityTimeout)
        let given = options.attempt.flatMap { queue.attempts[$0]?.given } ?? [:]
        let target = queue.attributes.redrive?.target
        change { before, state in
            if given.values.contains(state) { return [state, state.taken(at: before.now, until: hidden)] }
            if let target, before.isSpent(state, in: name) { return before.buried(state, in: name, target, false) }
            guard before.isVisible(state, in: name) else { return [state] }
            var received = state.taken(at: before.now, until: hidden)
            received.receives += 1
            received.firstReceived = state.firstReceived ?? before.now
            return [state, received]
        }
    }

    // MARK: The same attempt

    /// Whether an attempt is given what it was given before: always, unless one of those was deleted, or its visibility
    /// has changed.
    private func isAgain(
        _ attempt: Attempt, _ sightings: [Sighting], _ isQuiet: Bool
    ) throws(Contradiction) -> Bool {
        let isUntouched = attempt.given.allSatisfy { key, state in
            states(of: key).contains(state) && state.visibleAt > now
        }
        guard isUntouched, attempt.expires > now else { return false }
        // What is deleted together with this receive may be missing in its answer.
        let isWhole = sightings.count == attempt.given.count || !isQuiet
        let isSame = isWhole && sightings.allSatisfy { attempt.given[$0.key]?.receives == $0.count }
        let isCertain = attempt.given.allSatisfy { states(of: $0.key) == [$0.value] }
        guard isSame || !isCertain else {
            throw Contradiction("this attempt was given \(attempt.given.keys.sorted()) before")
        }
        return isSame
    }

    private mutating func receiveAgain(_ attempt: String?, from name: String, until hidden: Int) {
        guard let attempt, var again = queues[name]?.attempts[attempt] else { return }
        again.given = again.given.mapValues { $0.taken(at: now, until: hidden) }
        for (key, state) in again.given { set(key, to: [state]) }
        again.expires = now + 300_000
        queues[name]?.attempts[attempt] = again
    }
}

extension MessageState {
    fileprivate func taken(at now: Int, until hidden: Int) -> MessageState {
        var state = self
        state.isDelayed = false
        state.visibleAt = hidden
        state.takenAt = now
        return state
    }

    fileprivate func received(_ sighting: Sighting, at now: Int, until hidden: Int) -> MessageState {
        var state = taken(at: now, until: hidden)
        state.receives = sighting.count
        state.id = sighting.id
        state.sequence = sighting.sequence
        state.firstReceived = firstReceived ?? now
        return state
    }
}
