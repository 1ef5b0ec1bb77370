import Testing

@testable import Sluice

/// One invocation of a function that is a process: its records, its event, its answer.
struct ContractFixture {
    static let invocation = "2b4d1ad9-7c1e-4f0a-9d3b-0a1b2c3d4e5f"
    var contract = Transform.Contract.firehose
    var answers = Transform.Answers.strict

    private var subject: FunctionContract {
        FunctionContract(
            Transform(command: ["f"], contract: contract, answers: answers), pipeline: "orders", region: "eu-west-1",
            account: "000000000000")
    }

    func event(_ bodies: [Bytes]) -> FunctionEvent {
        let records = bodies.enumerated().map { index, body in
            RawRecord(
                body: body, identity: RecordIdentity("r\(index)"),
                received: Timestamp(milliseconds: 1_507_217_624_302 + Int64(index)))
        }
        return subject.event(for: records, invocation: Self.invocation)
    }

    func event(_ bodies: String...) -> FunctionEvent { event(bodies.map { Bytes($0) }) }

    /// The event and what reads its answer.
    func sent(_ bodies: [String]) throws -> (text: String, reader: any AnswerReading) {
        guard case .send(let bytes, let reader) = event(bodies.map { Bytes($0) }) else {
            throw NotSent()
        }
        return (bytes.text, reader)
    }

    /// What an answer comes to for the records `a`, `b`, … of JSON; `@0` in it stands for the id of the first.
    func read(_ answer: String, records: Int = 2) throws -> Result<[RecordAnswer], Problem> {
        let bodies = (0..<records).map { "{\"n\":\($0)}" }
        let text = answer.replacing("@", with: "2b4d1ad9-")
        return try sent(bodies).reader.answers(in: Bytes(text))
    }

    struct NotSent: Error {}
}

extension Result<[RecordAnswer], Problem> {
    /// A word for each record: its outputs as text, or `type: reason` of what it failed with.
    var words: [String] {
        switch self {
        case .failure(let problem): ["all: \(problem.type ?? "-")"]
        case .success(let answers): answers.map(\.word)
        }
    }

    var reason: String? {
        switch self {
        case .failure(let problem): problem.reason
        case .success(let answers): answers.lazy.compactMap(\.problem).first?.reason
        }
    }
}

extension RecordAnswer {
    var word: String {
        switch self {
        case .outputs(let outputs): "[" + outputs.map(\.text).joined(separator: ", ") + "]"
        case .unconfirmed: "unconfirmed"
        case .failed(let problem): "\(problem.remedy) \(problem.type ?? "-")"
        }
    }

    var problem: Problem? {
        if case .failed(let problem) = self { problem } else { nil }
    }
}
