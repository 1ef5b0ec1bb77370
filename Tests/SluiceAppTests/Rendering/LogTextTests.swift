import Foundation
import Logging
import Sluice
import Testing

@testable import SluiceApp

@Suite("Lines of a log for people")
struct LogTextTests {
    private let time = TimeText(now: Timestamp(milliseconds: 0), zone: .gmt)

    private func entry(_ message: String, _ kind: LogEntry.Kind = .output) -> LogEntry {
        LogEntry(
            time: Timestamp(milliseconds: 1_123), pipeline: "orders", step: "transform", kind: kind, level: .info,
            message: message)
    }

    @Test("one line has the time, the step and the text; tabs stay, and nothing moves the cursor")
    func line() {
        let text = LogText(time: time, showsStep: true)
        #expect(
            text.lines(of: entry("a\tb\u{1B}[2J\rc")) == ["1970-01-01 00:00:01.123  transform  a\tb\\x1b[2J\\rc"])
    }

    @Test("what does not fit a line, and the trace of a failure, follow indented")
    func indented() {
        var failure = entry("[ERROR] Odd: n\nis odd", .error)
        failure.level = .error
        failure.fields = ["stackTrace": "  in f\n\u{1B}x", "errorType": "Odd"]
        #expect(
            LogText(time: time, showsStep: false).lines(of: failure) == [
                "1970-01-01 00:00:01.123  [ERROR] Odd: n", "    is odd", "      in f", "    \\x1bx",
            ])
    }

    @Test("what a step says has its level and its details")
    func details() {
        var warning = entry("A probe failed", .step)
        warning.level = .warning
        warning.fields = ["probes": 3, "reason": "no\nroute"]
        #expect(
            LogText(time: time, showsStep: false).lines(of: warning) == [
                "1970-01-01 00:00:01.123  WARNING  A probe failed probes=3 reason=no\\nroute"
            ])
    }
}
