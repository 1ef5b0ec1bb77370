import Sluice

/// The figures of all queues as Prometheus reads them, by names after those of CloudWatch.
enum QueueMetrics {
    private struct Metric {
        let name: String
        let kind: String
        let help: String
        /// `nil` = the queue has none.
        let value: @Sendable (QueueReport, Timestamp) -> Double?
    }

    private static let metrics: [Metric] = [
        gauge("approximate_number_of_messages_visible", "Messages that a receive would return.") { report, _ in
            report.depth.ready
        },
        gauge("approximate_number_of_messages_not_visible", "Messages in flight.") { report, _ in report.depth.inFlight
        },
        gauge("approximate_number_of_messages_delayed", "Messages that wait for their delay.") { report, _ in
            report.depth.delayed
        },
        gauge("approximate_age_of_oldest_message_seconds", "Age of the oldest message that is there.") { report, now in
            report.depth.oldest.map { max(0, Int((now - $0).milliseconds / 1_000)) }
        },
        gauge("message_bytes", "Bytes of all bodies that are there.") { report, _ in report.depth.bytes },
        counter("number_of_messages_sent_total", "Messages that were sent.") { $0[.sent] },
        counter("number_of_messages_entered_total", "Messages that entered, whoever put them there.") { ledger in
            LedgerEntry.entered.reduce(0) { $0 + (ledger[$1] ?? 0) }
        },
        counter("number_of_messages_deleted_total", "Messages that were done with, or taken out.") { ledger in
            (ledger[.done] ?? 0) + (ledger[.discarded] ?? 0)
        },
        counter("number_of_messages_deduplicated_total", "Messages that were accepted and dropped.") {
            $0[.deduplicated]
        },
        counter("number_of_messages_dead_lettered_total", "Messages that went to the dead-letter queue.") {
            $0[.deadLettered]
        },
        counter("number_of_messages_expired_total", "Messages that nobody has processed in time.") { $0[.expired] },
    ]

    private static func gauge(
        _ name: String, _ help: String, _ value: @escaping @Sendable (QueueReport, Timestamp) -> Int?
    ) -> Metric {
        Metric(name: name, kind: "gauge", help: help) { report, now in value(report, now).map(Double.init) }
    }

    private static func counter(
        _ name: String, _ help: String, _ value: @escaping @Sendable ([LedgerEntry: Int]) -> Int?
    ) -> Metric {
        Metric(name: name, kind: "counter", help: help) { report, _ in Double(value(report.ledger) ?? 0) }
    }

    /// The text format, version 0.0.4.
    static func text(of reports: [QueueReport], at now: Timestamp) -> String {
        var text = ""
        for metric in metrics {
            let name = "sluice_queue_\(metric.name)"
            text += "# HELP \(name) \(metric.help)\n# TYPE \(name) \(metric.kind)\n"
            for report in reports {
                guard let value = metric.value(report, now) else { continue }
                // A queue's name has no character that would have to be escaped.
                let pipeline = report.pipeline.map { ",pipeline=\"\($0)\"" } ?? ""
                text += "\(name){queue=\"\(report.name)\"\(pipeline)} \(Int(value))\n"
            }
        }
        return text
    }
}
