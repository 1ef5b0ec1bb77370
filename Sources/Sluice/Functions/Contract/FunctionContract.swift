/// How a function that is a process of its own is given records, and how what it answers is read: Amazon Data
/// Firehose's transformation, or the same with the records as JSON.
package struct FunctionContract: Sendable, Hashable {
    let contract: Transform.Contract
    let answers: Transform.Answers
    /// For our own client of the Runtime API, which is given frames.
    private let isOurs: Bool
    let pipeline: String
    let region: String
    let account: String

    /// - Parameters:
    ///   - region: as AWS writes it, `eu-west-1`; in the event, as is `account`.
    ///   - account: twelve digits.
    package init(_ transform: Transform, pipeline: String, region: String, account: String) {
        contract = transform.contract
        answers = transform.answers
        if case .jq = transform.kind { isOurs = true } else { isOurs = false }
        self.pipeline = pipeline
        self.region = region
        self.account = account
    }

    /// Makes an event of records.
    /// - Parameter invocation: the invocation's id, a UUID. Its start is part of every record's id, so that an answer
    ///   left over from another invocation is not taken for one of this.
    package func event(for records: [RawRecord], invocation: String) -> FunctionEvent {
        if isOurs { return frames(records) }
        let ids = RecordIDs(invocation: invocation, count: records.count)
        let estimate = records.reduce(0) { $0 + size(of: $1) }
        guard estimate <= Self.longest else { return .tooLarge(Self.tooLarge(estimate, "the event")) }
        var writer = EventWriter(ids: ids, capacity: estimate + 256)
        let unsent =
            switch contract {
            case .firehose: writer.writeFirehose(records, self, invocation: invocation)
            case .json: writer.writeJSON(records)
            }
        let reader = AnswerReader(contract: contract, answers: answers, ids: ids, unsent: unsent)
        guard unsent.count < records.count else { return .nothing(reader.answersUnsent) }
        guard writer.bytes.count <= Self.longest else {
            return .tooLarge(Self.tooLarge(writer.bytes.count, "the event"))
        }
        return .send(writer.bytes[...], reader)
    }

    private func frames(_ records: [RawRecord]) -> FunctionEvent {
        let event = Frames.event(of: records)
        guard event.count <= Self.longest else { return .tooLarge(Self.tooLarge(event.count, "the event")) }
        return .send(event[...], FrameAnswers(count: records.count))
    }

    /// About what a record takes in an event, in bytes.
    private func size(of record: RawRecord) -> Int {
        switch contract {
        case .firehose: Base64.encodedLength(record.body.count) + 100
        case .json: record.body.count + 50
        }
    }

    /// In bytes.
    static let longest = Limits.invocationPayload.now.upperBound.bytes

    static func tooLarge(_ bytes: Int, _ what: String) -> Problem {
        Problem(
            reason:
                "\(what) has \(bytes) bytes, more than \(longest), the limit of \(Limits.invocationPayload.service): "
                + "write a smaller 'batch' under 'transform'", type: "too-large", remedy: .retry)
    }
}

/// Reads what a function answered for the records of one event.
package protocol AnswerReading: Sendable {
    /// One answer for every record that the event was made for, in order.
    ///
    /// Fails where nobody can tell which record is concerned: then all of the invocation has failed.
    func answers(in body: Bytes) -> Result<[RecordAnswer], Problem>
}

/// What is to be done about the records of one invocation.
package enum FunctionEvent: Sendable {
    /// Give these bytes to the function, and let the reader read what it answers.
    case send(Bytes, any AnswerReading)
    /// Together the records are more than one event holds: the invocation has failed, and is tried with fewer.
    case tooLarge(Problem)
    /// None of the records can be sent: these are their answers, and there is no invocation.
    case nothing([RecordAnswer])
}

/// What the records of one invocation are called in its event: opaque to the function.
struct RecordIDs: Sendable, Hashable {
    private let prefix: [UInt8]
    let count: Int

    init(invocation: String, count: Int) {
        prefix = Array(invocation.utf8.filter(\.isWordByte).prefix(8)) + [.minus]
        self.count = count
    }

    func append(_ index: Int, to target: inout [UInt8]) {
        target.append(contentsOf: prefix)
        target.append(contentsOf: String(index).utf8)
    }

    /// Which record is called that; `nil` = none of this invocation.
    func index(of id: some Collection<UInt8>) -> Int? {
        guard id.starts(with: prefix) else { return nil }
        let digits = id.dropFirst(prefix.count)
        guard let first = digits.first, first != .zero || digits.count == 1, digits.count < 10 else { return nil }
        var index = 0
        for digit in digits {
            guard digit >= .zero, digit <= .nine else { return nil }
            index = index * 10 + Int(digit - .zero)
        }
        return index < count ? index : nil
    }
}
