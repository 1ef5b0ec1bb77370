import Sluice

/// The screens of `sluice queue ls` and `sluice queue show`.
struct QueueText {
    let time: TimeText

    func table(_ queues: [QueueReport]) -> [String] {
        var table = TextTable([
            .init(title: "QUEUE"), .init(title: "TYPE"), .init(title: "READY", alignment: .right),
            .init(title: "DELAYED", alignment: .right), .init(title: "IN FLIGHT", alignment: .right),
            .init(title: "OLDEST", alignment: .right), .init(title: "OF"),
        ])
        for queue in queues {
            table.rows.append([
                queue.name, queue.type?.rawValue ?? "undecided", Numbers.grouped(queue.depth.ready),
                Numbers.grouped(queue.depth.delayed), Numbers.grouped(queue.depth.inFlight),
                time.age(of: queue.depth.oldest), Self.owner(of: queue),
            ])
        }
        return table.lines
    }

    func lines(of queue: QueueReport) -> [String] {
        let settings = queue.settings
        let depth = queue.depth
        var lines = [
            "\(queue.name)   \(queue.type?.rawValue ?? "undecided type"), \(Self.owner(of: queue))",
            "messages            ready \(Numbers.grouped(depth.ready)), delayed \(Numbers.grouped(depth.delayed)), "
                + "in flight \(Numbers.grouped(depth.inFlight)); \(Numbers.bytes(depth.bytes)), "
                + "oldest \(time.age(of: depth.oldest))",
            "capacity            \(Self.capacity(settings))",
            "retention           \(TimeText.compact(settings.retention))",
            "max receive count   \(settings.maxReceiveCount)",
            "visibility timeout  \(settings.visibilityTimeout.map(TimeText.compact) ?? "auto")",
        ]
        let entered = Self.terms(LedgerEntry.entered, queue)
        let left = Self.terms(LedgerEntry.left, queue)
        lines.append("entered             \(entered)")
        lines.append("left                \(left)")
        if let count = queue.ledger[.deduplicated], count > 0 {
            lines.append("deduplicated        \(Numbers.grouped(count))")
        }
        return lines
    }

    private static func capacity(_ settings: QueueSettings) -> String {
        let messages = settings.capacity == .max ? nil : "\(Numbers.grouped(settings.capacity)) messages"
        let limits = [messages, settings.maxBytes.map { Numbers.bytes($0) }].compactMap(\.self)
        return limits.isEmpty ? "no limit" : limits.joined(separator: ", ")
    }

    private static func terms(_ entries: [LedgerEntry], _ queue: QueueReport) -> String {
        let terms = entries.compactMap { entry in
            queue.ledger[entry].flatMap { $0 == 0 ? nil : "\(entry.words) \(Numbers.grouped($0))" }
        }
        return terms.isEmpty ? "0" : terms.joined(separator: " + ")
    }

    private static func owner(of queue: QueueReport) -> String {
        guard let pipeline = queue.pipeline else { return queue.type == nil ? "unclaimed" : "–" }
        switch queue.role {
        case .objects: return "\(pipeline) (objects)"
        case .intake: return "\(pipeline) (intake)"
        case .delivery: return "\(pipeline) (delivery)"
        case .deadLetter: return "\(pipeline) (dead letters)"
        case .other: return pipeline
        }
    }
}

extension LedgerEntry {
    /// `deadLettered` → `dead lettered`.
    var words: String {
        rawValue.reduce(into: "") { words, letter in
            words += letter.isUppercase ? " \(letter.lowercased())" : String(letter)
        }
    }
}
