import Foundation
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
        ]
        // A client's queue has them as attributes.
        if queue.pipeline != nil {
            lines += [
                "retention           \(TimeText.compact(settings.retention))",
                "max receive count   \(settings.maxReceiveCount)",
                "visibility timeout  \(settings.visibilityTimeout.map(TimeText.compact) ?? "auto")",
            ]
        }
        let entered = Self.terms(LedgerEntry.entered, queue)
        let left = Self.terms(LedgerEntry.left, queue)
        lines.append("entered             \(entered)")
        lines.append("left                \(left)")
        if let count = queue.ledger[.deduplicated], count > 0 {
            lines.append("deduplicated        \(Numbers.grouped(count))")
        }
        return lines
    }

    /// What `queue show` says beside the figures.
    func lines(of detail: QueueDetail) -> [String] {
        var lines = lines(of: detail.report)
        if let drain = detail.drain {
            lines.append("drained in          \(TimeText.compact(drain)) at the present pace")
        }
        lines += Self.attributes(detail.attributes).map { name, value in
            "\(name.padding(toLength: 31, withPad: " ", startingAt: 0)) \(SafeText.line(value))"
        }
        for (key, value) in detail.attributes.tags.sorted(by: { $0.key < $1.key }) {
            lines.append("tag \(SafeText.line(key)) = \(SafeText.line(value))")
        }
        return lines + discards(of: detail) + groups(of: detail)
    }

    private func discards(of detail: QueueDetail) -> [String] {
        guard !detail.discards.isEmpty else { return [] }
        var table = TextTable([
            .init(title: "DISCARDED"), .init(title: "MESSAGES", alignment: .right), .init(title: "BY"),
            .init(title: "WHO"), .init(title: "REASON"),
        ])
        table.rows = detail.discards.map {
            [
                time.full($0.time), Numbers.grouped($0.count), $0.action, SafeText.line($0.who),
                SafeText.line($0.reason),
            ]
        }
        return table.lines
    }

    private func groups(of detail: QueueDetail) -> [String] {
        guard detail.groupCount > 0 else { return [] }
        let title = "groups that wait: \(Numbers.grouped(detail.groupCount)), the longest first"
        var table = TextTable([
            .init(title: "GROUP"), .init(title: "WAITING", alignment: .right),
            .init(title: "OLDEST", alignment: .right),
        ])
        table.rows = detail.groups.map {
            [SafeText.line($0.name), Numbers.grouped($0.waiting), time.age(of: $0.oldest)]
        }
        return [title] + table.lines
    }

    /// By the names that SQS has for them.
    static func attributes(_ attributes: QueueAttributes) -> [(name: String, value: String)] {
        let seconds = { (duration: Duration) in String(duration.milliseconds / 1_000) }
        var values = [
            ("VisibilityTimeout", seconds(attributes.visibilityTimeout)),
            ("MaximumMessageSize", String(attributes.maximumMessageSize)),
            ("MessageRetentionPeriod", seconds(attributes.retention)), ("DelaySeconds", seconds(attributes.delay)),
            ("ReceiveMessageWaitTimeSeconds", seconds(attributes.receiveWait)),
        ]
        if let redrive = attributes.redrive {
            values.append(("RedrivePolicy", "\(redrive.target) after \(redrive.maxReceiveCount) receives"))
        }
        if let allow = attributes.redriveAllow { values.append(("RedriveAllowPolicy", allow.permission.rawValue)) }
        if let policy = attributes.policy { values.append(("Policy", policy)) }
        if let fifo = attributes.fifo {
            values.append(("ContentBasedDeduplication", String(fifo.contentBasedDeduplication)))
            values.append(("DeduplicationScope", fifo.deduplicationScope.rawValue))
            values.append(("FifoThroughputLimit", fifo.throughputLimit.rawValue))
        }
        return values
    }

    func table(_ messages: [PeekedMessage]) -> [String] {
        var table = TextTable([
            .init(title: "MESSAGE"), .init(title: "STATE"), .init(title: "SENT"),
            .init(title: "RECEIVES", alignment: .right),
            .init(title: "GROUP"), .init(title: "BODY"),
        ])
        for message in messages {
            var state = message.state.rawValue
            if let holder = message.holder { state += " · \(SafeText.line(holder))" }
            if let visible = message.visible { state += " · until \(time.short(visible))" }
            table.rows.append([
                message.id.description, state, time.short(message.sent), String(message.receiveCount),
                message.group.map(SafeText.line) ?? "–", SafeText.line(SafeText.body(message.body, limit: 80)),
            ])
        }
        return table.lines
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
