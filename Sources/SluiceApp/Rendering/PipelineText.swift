import Sluice

/// A definition in words, for `check` and for the first lines of `run`.
enum PipelineText {
    /// `orders: orders-in.fifo → order-row → sqlite:out/shop.db (orders)`.
    static func line(_ pipeline: Pipeline) -> String {
        let function = pipeline.transform.map { " → \($0.function)" } ?? ""
        return "\(pipeline.name): \(pipeline.intakeQueue)\(function) → \(address(pipeline.deliver)) "
            + "(\(pipeline.deliver.table))"
    }

    /// What every setting comes to, defaults included; sizes in bytes.
    static func settings(_ pipeline: Pipeline) -> [String] {
        var lines = [
            "max_record: \(pipeline.maxRecord.bytes) bytes",
            "archive.keep: \(pipeline.archive.map { TimeText.compact($0.keep) } ?? "none")",
            "dead_letters.keep: \(TimeText.compact(pipeline.deadLetters.keep))",
        ]
        if let id = pipeline.id { lines.append("id: \(id.text)") }
        for (kind, subject) in pipeline.subject.sorted(by: { $0.key < $1.key }) {
            lines.append("subject.\(kind): \(subject.paths.map(\.text).joined(separator: ", "))")
        }
        lines.append("queue.type: \(pipeline.queue.type.rawValue)")
        if let group = pipeline.queue.group { lines.append("queue.group: \(group.text)") }
        lines += settings(pipeline.queue.settings, "queue")
        if let transform = pipeline.transform { lines += settings(transform) }
        lines += settings(pipeline.deliver)
        if let queue = pipeline.deliver.queue { lines += settings(queue, "deliver.queue") }
        return lines.map { "  \($0)" }
    }

    private static func settings(_ queue: QueueSettings, _ key: String) -> [String] {
        [
            "\(key).max_receive_count: \(queue.maxReceiveCount)",
            "\(key).visibility_timeout: \(queue.visibilityTimeout.map(TimeText.compact) ?? "auto")",
            "\(key).retention: \(TimeText.compact(queue.retention))",
            "\(key).capacity: \(queue.capacity) records",
        ] + (queue.maxBytes.map { ["\(key).max_bytes: \($0) bytes"] } ?? [])
    }

    private static func settings(_ transform: Transform) -> [String] {
        [
            "transform.function: \(transform.function)",
            "transform.timeout: \(TimeText.compact(transform.timeout))",
            "transform.concurrency: \(transform.concurrency)",
            "transform.batch: \(transform.batch) records, window \(TimeText.compact(transform.batchWindow))",
            "transform.backoff: \(backoff(transform.backoff))",
        ] + transform.errors.map { "transform.errors: \($0.match) → \($0.then.rawValue)" }
    }

    private static func settings(_ deliver: Deliver) -> [String] {
        [
            "deliver.name: \(deliver.effectiveName)",
            "deliver.to: \(address(deliver))",
            "deliver.table: \(deliver.table)",
            "deliver.key: \(deliver.key.isEmpty ? "none" : deliver.key.joined(separator: ", "))",
            "deliver.mode: \(deliver.effectiveMode.rawValue)",
            "deliver.create: \(deliver.create)",
            "deliver.unknown: \(deliver.unknown?.rawValue ?? "add where Sluice made the table, else reject")",
            "deliver.concurrency: \(deliver.concurrency)",
            "deliver.rate: \(deliver.rate.map { "\($0.count) per \(TimeText.compact($0.per))" } ?? "none")",
            "deliver.batch: \(deliver.batch) records, window \(TimeText.compact(deliver.batchWindow))",
            "deliver.timeout: \(TimeText.compact(deliver.timeout))",
            "deliver.backoff: \(backoff(deliver.backoff))",
            "deliver.breaker: after \(deliver.breaker.after), probe \(TimeText.compact(deliver.breaker.probe))",
        ] + deliver.columns.map { "deliver.columns.\($0.name): \($0.type)" }
            + deliver.errors.map { "deliver.errors: \($0.match) → \($0.then.rawValue)" }
    }

    private static func backoff(_ backoff: Backoff) -> String {
        "first \(TimeText.compact(backoff.first)), max \(TimeText.compact(backoff.max)), factor \(backoff.factor)"
            + (backoff.jitter ? ", jitter" : "")
    }

    private static func address(_ deliver: Deliver) -> String {
        switch deliver.to {
        case .sqlite(let path): "sqlite:\(path)"
        }
    }
}
