extension QueueWorld {
    /// How the use of a receipt was answered.
    enum Told {
        /// With the code of an error; `nil` = it is done.
        case told(String?)
        /// Not at all: it may be done or not.
        case untold

        func allows(_ code: String?) -> Bool {
            if case .told(let told) = self { told == code } else { true }
        }
    }

    /// What a receipt comes to: how it is answered, and what the message is like then.
    private typealias Outcome = (code: String?, state: MessageState)

    private static let invalidHandle = "ReceiptHandleIsInvalid"
    private static let invalidValue = "InvalidParameterValue"
    /// A receive can be hidden for so long in all.
    private static let longest = 43_200_000

    mutating func delete(
        _ handle: String, _ told: Told, from name: String, _ facts: MessageBook.Facts
    ) throws(Contradiction) {
        let queue = try existing(name)
        guard let receipt = try receipt(handle, told, of: name, facts) else { return }
        try take(told, receipt) { before, state in
            guard state.isNamed(by: receipt) else { return [(nil, state)] }
            // Whoever has a standard queue's message now deletes it, and nobody else.
            guard receipt.count == state.receives else { return [(queue.isFIFO ? Self.invalidValue : nil, state)] }
            guard queue.isFIFO else { return [(nil, .gone)] }
            if state.isInFlight(at: before.now) { return [(nil, .gone)] }
            return [(Self.invalidValue, state)] + (state.isMomentary(at: before.now) ? [(nil, .gone)] : [])
        }
    }

    mutating func changeVisibility(
        _ change: VisibilityChange, _ told: Told, in name: String, _ facts: MessageBook.Facts
    ) throws(Contradiction) {
        guard let receipt = try receipt(change.handle, told, of: name, facts) else { return }
        let timeout = change.seconds * 1_000
        if timeout > 0, now + timeout - receipt.received > Self.longest {
            guard told.allows(Self.invalidValue) else { throw Contradiction("twelve hours are the longest") }
            return
        }
        // A batch looks once whether its queue is there, and only then at its entries one by one.
        let queue = try existing(name)
        try take(told, receipt) { before, state in
            guard state.isNamed(by: receipt) else { return [(Self.invalidValue, state)] }
            // An older receipt still hides a standard queue's message.
            let isOlder = receipt.count != state.receives
            let unchanged: Outcome = (queue.isFIFO ? Self.invalidValue : nil, state)
            guard !isOlder || !queue.isFIFO, state.isInFlight(at: before.now) || state.isMomentary(at: before.now)
            else {
                return [unchanged]
            }
            var changed = state
            changed.visibleAt = before.now + timeout
            changed.takenAt = timeout > 0 ? state.takenAt : -1
            let outcomes = before.lapsing(changed).map { (code: String?.none, state: $0) }
            return state.isMomentary(at: before.now) ? outcomes + [unchanged] : outcomes
        }
    }

    /// - Returns: the receipt, if it is one of this queue.
    private func receipt(
        _ handle: String, _ told: Told, of name: String, _ facts: MessageBook.Facts
    ) throws(Contradiction) -> MessageBook.Receipt? {
        if let receipt = facts.receipts[handle], receipt.queue == name { return receipt }
        guard told.allows(Self.invalidHandle) else { throw Contradiction("it is no receipt of \(name)") }
        return nil
    }

    private mutating func take(
        _ told: Told, _ receipt: MessageBook.Receipt, _ outcomes: (QueueWorld, MessageState) -> [Outcome]
    ) throws(Contradiction) {
        let before = states(of: receipt.key)
        let possible = before.flatMap { outcomes(self, $0) }
        var after = Set(possible.filter { told.allows($0.code) }.map(\.state))
        guard !after.isEmpty else {
            throw Contradiction(
                "receive \(receipt.count) of \(receipt.key) should come to \(possible.map { $0.code ?? "done" }): at \(now) it "
                    + "is \(before)")
        }
        if case .untold = told { after.formUnion(before) }
        set(receipt.key, to: after)
    }
}

extension QueueWorld.Queue {
    fileprivate var isFIFO: Bool { attributes.fifo != nil }
}

extension MessageState {
    /// Whether the message that was received then is where it was.
    fileprivate func isNamed(by receipt: MessageBook.Receipt) -> Bool {
        queue == receipt.queue && (id ?? receipt.id) == receipt.id
    }
}
