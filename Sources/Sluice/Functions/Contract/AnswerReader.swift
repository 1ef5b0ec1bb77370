/// Reads what a function answered for the records of one event. A function accounts for every record it was given:
/// what it leaves out, repeats or garbles is a failure, never a success.
package struct AnswerReader: AnswerReading, Hashable {
    let contract: Transform.Contract
    let answers: Transform.Answers
    let ids: RecordIDs
    /// What is wrong with records that were not in the event, by their place.
    let unsent: [Int: Problem]

    package func answers(in body: Bytes) -> Result<[RecordAnswer], Problem> {
        guard body.count <= FunctionContract.longest else {
            return .failure(FunctionContract.tooLarge(body.count, "the function's answer"))
        }
        if body.allSatisfy(\.isJSONSpace) {
            return answers == .aws ? .success(unconfirmed) : .failure(bad("the function answered nothing"))
        }
        do throws(JSONMistake) {
            return try body.withScanner { (scanner) throws(JSONMistake) -> Result<[RecordAnswer], Problem> in
                let answer = try scanner.value()
                try scanner.finish()
                return try read(answer, scanner)
            }
        } catch {
            return .failure(bad("the function's answer is not JSON: \(error.message)"))
        }
    }

    /// Those that were not sent, and of the others what the function answered.
    func answers(of given: [RecordAnswer?]) -> [RecordAnswer] {
        given.enumerated().map { index, answer in
            if let problem = unsent[index] { return .failed(problem) }
            return answer ?? .failed(Self.unaccounted)
        }
    }

    private var none: [RecordAnswer?] { Array(repeating: nil, count: ids.count) }

    /// For an event that was not sent, because none of its records could be.
    var answersUnsent: [RecordAnswer] { answers(of: none) }

    private var unconfirmed: [RecordAnswer] {
        answers(of: Array(repeating: .unconfirmed, count: ids.count))
    }

    private func read(
        _ answer: JSONSpan, _ scanner: JSONScanner
    ) throws(JSONMistake) -> Result<[RecordAnswer], Problem> {
        guard answer.kind == .object else {
            if answer.kind == .null, answers == .aws { return .success(unconfirmed) }
            return .failure(bad("the function answered \(answer.kind.noun)"))
        }
        var members = scanner.inside(answer)
        var records: JSONSpan?
        var isEmpty = true
        while let member = try members.nextMember() {
            isEmpty = false
            if members.isText(of: member.name, Name.records) { records = member.value }
        }
        guard let records else {
            if isEmpty, answers == .aws { return .success(unconfirmed) }
            return .failure(bad("the function's answer has no \"records\""))
        }
        guard records.kind == .array else {
            return .failure(bad("\"records\" of the function's answer is \(records.kind.noun)"))
        }
        return try read(list: members.inside(records))
    }

    private func read(list: JSONScanner) throws(JSONMistake) -> Result<[RecordAnswer], Problem> {
        var list = list
        var given = none
        var place = 0
        while let element = try list.nextElement() {
            let entry = element.kind == .object ? try AnswerEntry(list.inside(element), contract) : nil
            guard let entry, let id = entry.id else {
                let what = element.kind == .object ? "has no \"\(contract.idName)\"" : "is \(element.kind.noun)"
                return .failure(bad("element \(place) of \"records\" in the function's answer \(what)"))
            }
            guard let index = ids.index(of: id), unsent[index] == nil else {
                return .failure(
                    bad(
                        "the function answered for \(Quoting.quote(String(decoding: id, as: UTF8.self))), which is no "
                            + "record of this invocation"))
            }
            given[index] = given[index] == nil ? try entry.answer() : .failed(Self.repeated)
            place += 1
        }
        return .success(answers(of: given))
    }

    // MARK: What is wrong

    private static let unaccounted = Problem(
        reason: "the function did not account for it", type: "unaccounted", remedy: .retry)

    private static let repeated = Problem(
        reason: "the function answered for it more than once", type: "repeated-answer", remedy: .retry)

    /// - Parameter what: what it is instead.
    private func bad(_ what: String) -> Problem {
        Problem(
            reason: "\(what); it must return {\"records\": […]}, with the \"\(contract.idName)\" of each record it was "
                + "given once", type: "bad-answer", remedy: .retry)
    }

    private enum Name {
        static let records = Array("records".utf8)
    }
}

extension Transform.Contract {
    /// What a record's id is called in events and answers.
    var idName: String {
        switch self {
        case .firehose: "recordId"
        case .json: "id"
        }
    }
}

extension JSONValue.Kind {
    /// For people: what stands there.
    var noun: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "a text"
        case .number: "a number"
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
