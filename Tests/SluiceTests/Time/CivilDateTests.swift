import Sluice
import Testing

@Suite("Days of the calendar")
struct CivilDateTests {
    @Test("every day of 164 years is the day after the one before, and can be read as it is written")
    func days() {
        var before = CivilDate(daysSince1970: -25_568)
        #expect(before.text == "1899-12-31")
        for day in Int64(-25_567)...34_332 {
            let date = CivilDate(daysSince1970: day)
            #expect(date.daysSince1970 == day)
            #expect((date.year, date.month, date.day) > (before.year, before.month, before.day))
            before = date
        }
        #expect(before.text == "2063-12-31")
    }

    @Test("a moment is in its day of UTC, before 1970 as well", arguments: [(0, "1970-01-01"), (-1, "1969-12-31")])
    func moments(_ milliseconds: Int64, _ text: String) {
        #expect(CivilDate(of: Timestamp(milliseconds: milliseconds)).text == text)
        #expect(CivilDate(text)?.text == text)
    }

    @Test(
        "what is no day is not read",
        arguments: ["", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "+026-01-01", "2026-11-26x", "x"])
    func noDay(_ text: String) { #expect(CivilDate(text) == nil) }
}
