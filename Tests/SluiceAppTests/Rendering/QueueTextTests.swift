import Foundation
import Sluice
import Testing

@testable import SluiceApp

@Suite("What is shown of a queue")
struct QueueTextTests {
    private func deadLetters(capacity: Int = .max, maxBytes: Int? = nil) -> QueueReport {
        QueueReport(
            name: "orders-in-dlq", type: .standard, pipeline: "orders", role: .deadLetter,
            settings: QueueSettings(capacity: capacity, maxBytes: maxBytes), depth: QueueDepth(), ledger: [:])
    }

    @Test("a queue without a limit has no capacity in JSON, and its role is spelled as the other words are")
    func document() {
        let json = JSONText.line(QueueDocument(deadLetters()))
        #expect(!json.contains("capacity"))
        #expect(json.contains(#""role":"dead_letters""#))
        #expect(JSONText.line(QueueDocument(deadLetters(capacity: 7))).contains(#""capacity":7"#))
    }

    @Test("a queue without a limit says so")
    func noLimit() {
        let text = QueueText(time: TimeText(now: Timestamp(milliseconds: 0), zone: .gmt))
        func capacity(_ queue: QueueReport) -> String? { text.lines(of: queue).first { $0.hasPrefix("capacity") } }
        #expect(capacity(deadLetters()) == "capacity            no limit")
        #expect(capacity(deadLetters(capacity: 7)) == "capacity            7 messages")
        #expect(capacity(deadLetters(capacity: 7, maxBytes: 1 << 20)) == "capacity            7 messages, 1.0 MB")
    }
}
