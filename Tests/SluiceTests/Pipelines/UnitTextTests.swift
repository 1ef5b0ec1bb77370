import Testing

@testable import Sluice

@Suite("Amounts with units")
struct UnitTextTests {
    @Test(
        "durations are read and written in the largest whole unit",
        arguments: [
            ("100ms", Duration.milliseconds(100), "100ms"), ("15s", .seconds(15), "15s"), ("5m", .minutes(5), "5m"),
            ("60m", .hours(1), "1h"), ("30d", .days(30), "30d"), ("2y", .days(730), "2y"), ("0s", .zero, "0s"),
            ("90s", .seconds(90), "90s"), ("007s", .seconds(7), "7s"),
        ])
    func durations(_ text: String, _ duration: Duration, _ shown: String) throws {
        #expect(try UnitText.duration(text) == duration)
        #expect(duration.definitionText == shown)
    }

    @Test(
        "sizes are powers of two",
        arguments: [
            ("1KB", 1_024, "1KB"), ("1MB", 1_048_576, "1MB"), ("10GB", 10 << 30, "10GB"), ("1500B", 1_500, "1500B"),
            ("2048KB", 2 << 20, "2MB"), ("1TB", 1 << 40, "1TB"), ("0B", 0, "0B"),
        ])
    func sizes(_ text: String, _ bytes: Int, _ shown: String) throws {
        #expect(try UnitText.size(text) == ByteCount(bytes))
        #expect(ByteCount(bytes).definitionText == shown)
    }

    @Test("rates", arguments: [("500/s", Rate.perSecond(500)), ("100/m", .perMinute(100)), ("3/h", .perHour(3))])
    func rates(_ text: String, _ rate: Rate) throws {
        #expect(try UnitText.rate(text) == rate)
        #expect(rate.definitionText == text)
    }

    @Test(
        "what is nearly right is answered with what is right",
        arguments: [
            ("30", "write '30s' (ms, s, m, h, d, y)"), ("5 min", "write '5m'"), ("5M", "write '5m'"),
            ("1 day", "write '1d'"), ("30sec", "write '30s'"), ("5 s", "write '5s'"),
            ("1.5h", "write it in a smaller unit (ms, s, m, h, d, y)"),
        ])
    func nearly(_ text: String, _ expected: String) {
        #expect(throws: Complaint.self) { try UnitText.duration(text) }
        do { _ = try UnitText.duration(text) } catch { #expect(error.expected == expected) }
    }

    @Test("what is no amount is refused", arguments: ["", "s", "-5s", "5x", "5ss", "٣s", "1e3s", "s5", "5s5", "🙂"])
    func noAmount(_ text: String) {
        #expect(throws: Complaint.self) { try UnitText.duration(text) }
        #expect(throws: Complaint.self) { try UnitText.size(text) }
        #expect(throws: Complaint.self) { try UnitText.rate(text) }
    }
}
