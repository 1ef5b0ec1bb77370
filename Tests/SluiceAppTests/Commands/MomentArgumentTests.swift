import Foundation
import Sluice
import Testing

@testable import SluiceApp

@Suite("A moment as people type it")
struct MomentArgumentTests {
    /// 2026-11-26 12:00 in a zone two hours east.
    private static let now = Timestamp(milliseconds: 1_795_687_200_000)
    private static let zone = TimeZone(secondsFromGMT: 7_200) ?? .gmt

    private func moment(_ text: String) -> String? {
        MomentArgument(argument: text, now: Self.now, zone: Self.zone)
            .map { TimeText.rfc3339($0.moment(before: Self.now)) }
    }

    @Test(
        "spans, words, days and times are understood",
        arguments: [
            ("10m", "2026-11-26T09:50:00.000Z"), ("10m ago", "2026-11-26T09:50:00.000Z"),
            ("2 h ago", "2026-11-26T08:00:00.000Z"), ("3d ago", "2026-11-23T10:00:00.000Z"),
            ("today", "2026-11-25T22:00:00.000Z"), ("yesterday", "2026-11-24T22:00:00.000Z"),
            ("2026-11-26", "2026-11-25T22:00:00.000Z"), ("2026-11-26 07:00", "2026-11-26T05:00:00.000Z"),
            ("2026-11-26T07:00:30", "2026-11-26T05:00:30.000Z"), ("2026-11-26T07:00:00Z", "2026-11-26T07:00:00.000Z"),
            ("2026-11-26T07:00:00.5+01:00", "2026-11-26T06:00:00.500Z"),
        ])
    func understood(_ text: String, _ expected: String) { #expect(moment(text) == expected) }

    @Test(
        "what is no moment is refused",
        arguments: ["", "10", "ago", "tomorrow", "2026-13-01", "2026-02-30", "2026-11-26 25:00", "10m later"])
    func refused(_ text: String) { #expect(moment(text) == nil) }

    @Test("a span is shown in help as it is typed")
    func spans() {
        #expect(TimeSpan(.seconds(2)).defaultValueDescription == "2s")
        #expect(TimeSpan(.milliseconds(1_500)).defaultValueDescription == "1500ms")
        #expect(TimeSpan(.seconds(7_200)).defaultValueDescription == "2h")
    }
}
