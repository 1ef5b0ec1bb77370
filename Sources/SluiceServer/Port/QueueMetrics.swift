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
    /// - Parameter waiting: the queues in which something waits.
    static func text(of reports: [QueueReport], _ waiting: [QueueDetail], at now: Timestamp) -> String {
        let figures = metrics.map { metric in
            text(metric.name, metric.kind, metric.help) {
                reports.compactMap { report in metric.value(report, now).map { ([], report, Int($0)) } }
            }
        }
        return figures.joined()
            + text(
                "estimated_drain_seconds", "gauge", "How long what waits takes at the present pace of its step."
            ) {
                waiting.compactMap { detail in detail.drain.map { ([], detail.report, Int($0.milliseconds / 1_000)) } }
            }
            + text("waiting_groups", "gauge", "Message groups that have visible messages.") {
                waiting.map { ([], $0.report, $0.groupCount) }
            }
            + text(
                "group_dwell_seconds", "gauge",
                "Age of the next message of a group, of the twenty that wait the longest."
            ) {
                waiting.flatMap { detail in
                    detail.groups.map {
                        ([("group", $0.name)], detail.report, max(0, Int((now - $0.oldest).milliseconds / 1_000)))
                    }
                }
            }
    }

    private static func text(
        _ name: String, _ kind: String, _ help: String,
        values: () -> [(labels: [(String, String)], report: QueueReport, value: Int)]
    ) -> String {
        let name = "sluice_queue_\(name)"
        var text = "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        for (labels, report, value) in values() {
            let owner = report.pipeline.map { [("pipeline", $0)] } ?? []
            let all = ([("queue", report.name)] + owner + labels).map { "\($0)=\"\(escaped($1))\"" }
            text += "\(name){\(all.joined(separator: ","))} \(value)\n"
        }
        return text
    }

    private static func escaped(_ label: String) -> String {
        var text = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
