extension QueueWorld {
    private enum Standing: CaseIterable {
        case visible, inFlight, delayed

        var name: String {
            switch self {
            case .visible: "ApproximateNumberOfMessages"
            case .inFlight: "ApproximateNumberOfMessagesNotVisible"
            case .delayed: "ApproximateNumberOfMessagesDelayed"
            }
        }
    }

    /// Counts the messages of a queue; what has expired in it is gone then.
    /// - Parameter isQuiet: nobody else was at work: attributes and counts are of the same moment, and exact.
    mutating func look(at name: String, _ texts: [String: String], isQuiet: Bool) throws(Contradiction) {
        try compare(texts, of: name, isQuiet: isQuiet)
        change { before, state in state.queue == name && before.isExpired(state) ? [.gone] : [state] }
    }

    private mutating func compare(_ texts: [String: String], of name: String, isQuiet: Bool) throws(Contradiction) {
        let queue = try existing(name)
        guard isQuiet else {
            let all = Standing.allCases.reduce(0) { $0 + (Int(texts[$1.name] ?? "") ?? 0) }
            return try check(all, count(in: name) { $0 != nil }, "messages in all")
        }
        for standing in Standing.allCases {
            let number = Int(texts[standing.name] ?? "") ?? -1
            let expected = count(in: name) { $0 == standing }
            try check(number, expected, standing.name)
            if number == expected.lowerBound { exclude(standing, from: name) }
        }
        let known = queue.attributes.texts
        for (name, text) in known where texts[name] != text {
            throw Contradiction("\(name) is \(texts[name] ?? "not there"), and not \(text)")
        }
        if known["RedrivePolicy"] == nil, texts["RedrivePolicy"] != nil {
            throw Contradiction("there is a RedrivePolicy")
        }
    }

    /// As many are of a standing as surely are: no other message is.
    private mutating func exclude(_ standing: Standing, from name: String) {
        let before = self
        for (key, states) in before.messages {
            let others = states.filter { before.standing(of: $0, in: name) != standing }
            if !others.isEmpty { set(key, to: others) }
        }
    }

    private func check(_ number: Int, _ expected: ClosedRange<Int>, _ what: String) throws(Contradiction) {
        guard !expected.contains(number) else { return }
        throw Contradiction("\(what): \(number), and not \(expected)")
    }

    /// How many messages there are of a standing, at least and at most.
    private func count(in name: String, _ isCounted: (Standing?) -> Bool) -> ClosedRange<Int> {
        var range = (least: 0, most: 0)
        for states in messages.values {
            if states.allSatisfy({ isCounted(standing(of: $0, in: name)) }) { range.least += 1 }
            if states.contains(where: { isCounted(standing(of: $0, in: name)) }) { range.most += 1 }
        }
        return range.least...range.most
    }

    private func standing(of state: MessageState, in name: String) -> Standing? {
        guard state.queue == name, !isExpired(state) else { return nil }
        if state.visibleAt <= now { return .visible }
        return state.isDelayed ? .delayed : .inFlight
    }
}
