import Testing

@testable import Sluice

@Suite("Frames between our host and our own runtimes")
struct FramesTests {
    private static let answers: [RecordAnswer] = [
        .outputs([Bytes("one")]), .outputs([]), .outputs([Bytes("1"), Bytes(""), Bytes("\n")]),
        .failed(Problem(reason: "n is odd", type: "jq", remedy: .reject)),
        .failed(Problem(reason: "", type: nil, remedy: .retry)),
    ]

    @Test("records come out of an event as they went in, whatever their bytes are")
    func event() throws {
        let bodies = [Bytes("{}"), Bytes(""), [0, 255, 10], Bytes(String(repeating: "x", count: 70_000))]
        let records = bodies.map {
            RawRecord(
                body: $0, identity: RecordIdentity(MessageID(high: 1, low: 1)), received: Timestamp(milliseconds: 0))
        }
        var reader = FrameReader(Frames.event(of: records)[...])
        for body in bodies { #expect(try reader.record() == body) }
        #expect(try reader.record() == nil)
    }

    @Test("answers come out as they went in")
    func answer() {
        let bytes = Frames.answer(Self.answers)[...]
        #expect(FrameAnswers(count: Self.answers.count).answers(in: bytes) == .success(Self.answers))
    }

    @Test("an answer that breaks off anywhere, or is for fewer records or more, fails the whole invocation")
    func broken() {
        let bytes = Frames.answer(Self.answers)[...]
        for count in 0..<bytes.count {
            guard case .failure(let problem) = FrameAnswers(count: 5).answers(in: bytes.prefix(count)) else {
                Issue.record("\(count) of \(bytes.count) bytes were enough")
                continue
            }
            #expect(problem.type == "bad-answer")
        }
        for count in [4, 6] {
            guard case .failure = FrameAnswers(count: count).answers(in: bytes) else {
                Issue.record("5 answers were taken for \(count)")
                continue
            }
        }
    }
}
