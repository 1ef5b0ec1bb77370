/// How our own host and our own client of the Runtime API give each other records and answers: lengths and bytes, so
/// that the host looks into no record, and the author of a program sees nothing of it.
///
/// A length is four bytes, little-endian. An event is, for each record, its length and its bytes. An answer is, for
/// each record in order, the number of its outputs, and each with its length; or `failed`, then the remedy, the type
/// and the reason.
package enum Frames {
    /// In place of a number of outputs.
    fileprivate static let failed = UInt32.max
    fileprivate static let (retry, reject): (UInt32, UInt32) = (0, 1)

    package static func event(of records: [RawRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.reduce(0) { $0 + 4 + $1.body.count })
        for record in records { append(record.body, to: &bytes) }
        return bytes
    }

    package static func answer(_ answers: [RecordAnswer]) -> [UInt8] {
        var bytes: [UInt8] = []
        for answer in answers {
            switch answer {
            case .outputs(let outputs):
                append(UInt32(outputs.count), to: &bytes)
                for output in outputs { append(output, to: &bytes) }
            case .unconfirmed: append(0, to: &bytes)
            case .failed(let problem):
                append(failed, to: &bytes)
                append(problem.remedy == .reject ? reject : retry, to: &bytes)
                append(Array((problem.type ?? "").utf8)[...], to: &bytes)
                append(Array(problem.reason.utf8)[...], to: &bytes)
            }
        }
        return bytes
    }

    private static func append(_ part: Bytes, to bytes: inout [UInt8]) {
        append(UInt32(part.count), to: &bytes)
        bytes.append(contentsOf: part)
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Reads frames from the first to the last.
package struct FrameReader {
    /// The bytes end in the middle of a frame, or say what a frame cannot.
    package struct Broken: Error {}

    private var rest: Bytes

    package init(_ bytes: Bytes) { rest = bytes }

    /// The next record of an event; `nil` behind the last.
    package mutating func record() throws(Broken) -> Bytes? { rest.isEmpty ? nil : try part() }

    /// The next answer; `nil` behind the last.
    mutating func answer() throws(Broken) -> RecordAnswer? {
        guard !rest.isEmpty else { return nil }
        let count = try number()
        guard count != Frames.failed else { return .failed(try problem()) }
        var outputs: [Bytes] = []
        for _ in 0..<count { outputs.append(try part()) }
        return .outputs(outputs)
    }

    private mutating func problem() throws(Broken) -> Problem {
        let remedy: Problem.Remedy = try number() == Frames.reject ? .reject : .retry
        let type = try part().text
        return Problem(reason: try part().text, type: type.isEmpty ? nil : type, remedy: remedy)
    }

    private mutating func part() throws(Broken) -> Bytes {
        let count = Int(try number())
        guard rest.count >= count else { throw Broken() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func number() throws(Broken) -> UInt32 {
        guard rest.count >= 4 else { throw Broken() }
        var number: UInt32 = 0
        for byte in rest.prefix(4).reversed() { number = number << 8 | UInt32(byte) }
        rest = rest.dropFirst(4)
        return number
    }
}

/// Reads the answer to an event of frames.
struct FrameAnswers: AnswerReading {
    /// The records of the event.
    let count: Int

    func answers(in body: Bytes) -> Result<[RecordAnswer], Problem> {
        var reader = FrameReader(body)
        var answers: [RecordAnswer] = []
        do throws(FrameReader.Broken) {
            while let answer = try reader.answer() { answers.append(answer) }
        } catch {
            return .failure(bad("its answer breaks off"))
        }
        guard answers.count == count else {
            return .failure(bad("it answered for \(answers.count) of \(count) records"))
        }
        return .success(answers)
    }

    private func bad(_ what: String) -> Problem {
        Problem(reason: "the function's own runtime is at fault: \(what)", type: "bad-answer", remedy: .retry)
    }
}
