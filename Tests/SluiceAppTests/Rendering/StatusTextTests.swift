import Foundation
import Sluice
import Testing

@testable import SluiceApp

/// Moments of 2026-11-24, UTC.
private func at(_ hour: Int, _ minute: Int = 0) -> Timestamp {
    Timestamp(milliseconds: 1_795_478_400_000 + Int64(hour * 60 + minute) * 60_000)
}

@Suite("The status screen")
struct StatusTextTests {
    private static let utc = TimeZone(secondsFromGMT: 0) ?? .current

    private func queue(
        _ name: String, _ role: QueueReport.Role, ready: Int = 0, inFlight: Int = 0, oldest: Timestamp? = nil,
        _ ledger: [LedgerEntry: Int]
    ) -> QueueReport {
        var depth = QueueDepth()
        depth.ready = ready
        depth.inFlight = inFlight
        depth.oldest = oldest
        return QueueReport(
            name: name, type: .standard, pipeline: "orders", role: role, settings: QueueSettings(), depth: depth,
            ledger: ledger)
    }

    private func step(
        _ name: String, _ queue: String, _ state: StepReport.State, rate: Double = 0, _ ledger: [LedgerEntry: Int]
    ) -> StepReport {
        StepReport(
            name: StepName(pipeline: "orders", step: name), queue: queue, ledger: ledger, rate: rate, state: state,
            code: name == "transform" ? CodeVersion(version: "9f3c1", since: at(2, 11), former: "71ab0") : nil)
    }

    /// The failure morning: 81,204 received, 4,000 of them dead, the sink gone since 02:31.
    private func morning(received: Int = 81_204) -> StatusReport {
        let pipeline = PipelineReport(
            name: "orders", running: true,
            steps: [
                step(
                    "transform", "orders-in", .paused(since: at(2, 15), reason: "90% of 200 failed alike"),
                    [.passed: 76_994, .filtered: 210, .outputs: 76_994]),
                step(
                    "shop", "orders-shop",
                    .breakerOpen(since: at(2, 31), reason: "connection refused", nextProbe: at(9) + .seconds(12)),
                    [.written: 76_950]),
            ],
            queues: [
                queue("orders-in", .intake, [.sent: received, .done: 77_204, .deadLettered: 4_000]),
                queue("orders-shop", .delivery, ready: 44, oldest: at(2), [.step: 76_994, .done: 76_950]),
                queue("orders-in-dlq", .deadLetter, ready: 4_000, [.dead: 4_000]),
            ],
            dead: 4_000, deadSince: at(2, 14), deadReason: "ValidationError: cents is null", deadReasonCount: 3_912,
            deadExpires: at(2, 14) + .days(14), withoutSubject: 0, archiveUntil: at(0) + .days(29))
        return StatusReport(
            time: at(9), pipelines: [pipeline], otherQueues: [], discrepancies: [], diskFull: false)
    }

    private func text(_ report: StatusReport) -> String {
        StatusText(report: report, command: "sluice", time: TimeText(now: at(9), zone: Self.utc)).lines
            .joined(separator: "\n")
    }

    @Test("delivered records that changed no row are counted by their cause")
    func leftOut() {
        var report = morning()
        report.pipelines[0].steps[1].ledger = [.written: 75_000, .stale: 1_940, .repeated: 10]
        let lines = text(report)
        #expect(lines.contains("stale: 1,940 (an older event than its row)"))
        #expect(lines.contains("repeated: 10 (written before a crash)"))
        #expect(!lines.contains("ignored"))
    }

    @Test("what is dead comes first, then the ledger, then the steps")
    func failureMorning() {
        #expect(
            text(morning()) == """
                orders   4,000 DEAD since 02:14 (3,912 × ValidationError: cents is null)   → sluice dlq orders
                         received 81,204 = delivered 76,950 + filtered 210 + waiting 44 + in flight 0 + dead 4,000   ✓ adds up
                STEP       WAITING  IN FLIGHT  OLDEST  RATE  DONE IN  STATE
                transform        0          0       –   0/s        –  PAUSED 02:15: 90% of 200 failed alike
                → shop          44          0      7h   0/s        –  breaker open 02:31: connection refused (probe in 12 s)
                code 9f3c1 since 02:11 (before: 71ab0) · archive until 2026-12-23 · oldest dead letter expires 12-08 02:14
                """)
    }

    @Test("a record that is missing is shown, and ends a check with 4")
    func missing() {
        let report = morning(received: 81_205)
        #expect(text(report).contains("✗ OFF BY 1"))
        #expect(report.exitStatus == .damaged)
    }

    @Test("a check answers the worst: the ledger before a stall before the dead")
    func precedence() {
        var report = morning()
        #expect(report.exitStatus == .stalled)
        report.pipelines[0].steps[0].state = .running
        report.pipelines[0].steps[1].state = .running
        #expect(report.exitStatus == .dead)
        report.pipelines[0].dead = 0
        #expect(report.exitStatus == .done)
        report.discrepancies = ["one is missing"]
        #expect(report.exitStatus == .damaged)
    }

    @Test("what was redriven came in once")
    func redriven() {
        var report = morning()
        report.pipelines[0].queues[0].ledger[.redriven] = 10
        report.pipelines[0].queues[0].depth.ready = 10
        report.pipelines[0].queues[2].ledger[.movedOut] = 10
        report.pipelines[0].queues[2].depth.ready = 3_990
        #expect(text(report).contains("received 81,204 = delivered 76,950 + filtered 210 + waiting 54"))
        #expect(PipelineBalance(report.pipelines[0]).difference == 0)
    }

    @Test("what a function did not confirm is counted apart, where there is any")
    func unconfirmed() {
        var report = morning()
        report.pipelines[0].steps[0].ledger[.filtered] = 200
        report.pipelines[0].steps[0].ledger[.unconfirmed] = 10
        #expect(text(report).contains("filtered 200 + "))
        #expect(text(report).contains(" + unconfirmed 10   ✓ adds up"))
        #expect(PipelineDocument(report.pipelines[0]).unconfirmed == 10)
        #expect(!text(morning()).contains("unconfirmed"))
    }

    @Test("a record with several outputs is counted at each step")
    func severalOutputs() {
        var report = morning()
        report.pipelines[0].steps[0].ledger[.outputs] = 76_994 + 17
        report.pipelines[0].queues[1].ledger[.step] = 76_994 + 17
        report.pipelines[0].queues[1].depth.ready = 44 + 17
        #expect(text(report).contains("transform: in 76,994 → out 77,011"))
        #expect(PipelineBalance(report.pipelines[0]).difference == 0)
    }

    @Test("a reason cannot write to the terminal")
    func hostile() {
        var report = morning()
        report.pipelines[0].deadReason = "\u{1B}[2J\u{202E}evil\nline"
        #expect(text(report).contains("(3,912 × \\x1b[2J\\u{202e}evil\\nline)"))
    }

    @Test("the JSON has the same figures, and a version")
    func json() throws {
        let line = JSONText.document(StatusDocument(morning()))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["version"] as? Int == 1)
        #expect(object["adds_up"] as? Bool == true)
        let pipeline = try #require((object["pipelines"] as? [[String: Any]])?.first)
        #expect(pipeline["received"] as? Int == 81_204)
        #expect(pipeline["in_flight"] as? Int == 0)
        #expect(pipeline["dead_since"] as? String == "2026-11-24T02:14:00.000Z")
    }

    @Test("dead letters are numbered by size, over all pipelines")
    func deadLetterTable() {
        let groups = [("timeout after 30 s", 76), ("ValidationError: cents is null", 3_912)].map { reason, count in
            DeadLetterGroup(
                pipeline: "orders", fingerprint: reason, count: count, step: "transform", reason: reason,
                first: at(2, 14), last: at(2, 15), version: "9f3c1")
        }
        let lines = DeadLetterText(time: TimeText(now: at(9), zone: Self.utc)).table(NumberedGroup.number(groups))
        #expect(
            lines == [
                "G  COUNT  STEP       REASON                          FIRST  LAST   CODE",
                "1  3,912  transform  ValidationError: cents is null  02:14  02:15  9f3c1",
                "2     76  transform  timeout after 30 s              02:14  02:15  9f3c1",
            ])
    }
}

@Suite("Text for people")
struct SafeTextTests {
    @Test("a body is shown as it is where it is text, and byte by byte where it is not")
    func body() {
        #expect(SafeText.body(Array("{\"a\":\"é\"}\n\tx".utf8)) == "{\"a\":\"é\"}\n\tx")
        #expect(SafeText.body([0x61, 0xFF, 0xC3, 0x28, 0x00, 0x1B]) == "a\\xff\\xc3(\\x00\\x1b")
        #expect(SafeText.body([0xE2, 0x82]) == "\\xe2\\x82")
    }

    @Test("a long body is cut, and says by how much")
    func cut() {
        #expect(SafeText.body(Array("abcdef".utf8), limit: 4) == "abcd… (2 more bytes)")
    }

    @Test("moments are those of the calendar, leap days included")
    func calendar() {
        #expect(TimeText.rfc3339(Timestamp(milliseconds: 0)) == "1970-01-01T00:00:00.000Z")
        #expect(TimeText.rfc3339(Timestamp(milliseconds: 1_709_210_096_789)) == "2024-02-29T12:34:56.789Z")
        #expect(TimeText.rfc3339(Timestamp(milliseconds: -1)) == "1969-12-31T23:59:59.999Z")
        #expect(TimeText.compact(.seconds(59)) == "59s")
        #expect(TimeText.compact(.seconds(90_000)) == "1d")
    }

    @Test("numbers are grouped by thousands")
    func numbers() {
        #expect([0, 999, 1_000, -1_234_567].map(Numbers.grouped) == ["0", "999", "1,000", "-1,234,567"])
    }
}
