/// What a function answered for one record: one element of `records`, its members by where they stand.
///
/// Holds a pointer to the answer, so it must not outlive the closure of `Bytes.withScanner`.
struct AnswerEntry {
    private let scanner: JSONScanner
    private let contract: Transform.Contract
    /// As UTF-8; `nil` = there is none, or it is no text.
    private(set) var id: [UInt8]?
    private var result: JSONSpan?
    /// `data`, or `record`.
    private var output: JSONSpan?
    private var errorType: JSONSpan?
    private var errorMessage: JSONSpan?
    private var retryable: JSONSpan?

    /// - Parameter members: stands inside the element.
    init(_ members: JSONScanner, _ contract: Transform.Contract) throws(JSONMistake) {
        var members = members
        self.contract = contract
        let names = Names.of(contract)
        var idSpan: JSONSpan?
        while let (name, value) = try members.nextMember() {
            if members.isText(of: name, names.id) {
                idSpan = value
            } else if members.isText(of: name, Names.result) {
                result = value
            } else if members.isText(of: name, names.output) {
                output = value
            } else if members.isText(of: name, Names.errorType) {
                errorType = value
            } else if members.isText(of: name, Names.errorMessage) {
                errorMessage = value
            } else if members.isText(of: name, Names.retryable) {
                retryable = value
            }
        }
        scanner = members
        if let idSpan, idSpan.kind == .string { id = Self.text(of: idSpan, members) }
    }

    func answer() throws(JSONMistake) -> RecordAnswer {
        guard let result, result.kind == .string else {
            let what = result.map { "is \($0.kind.noun)" } ?? "is missing"
            return Self.failed("its \"result\" \(what); \(Self.results)", "unknown-result")
        }
        if scanner.isText(of: result, Names.ok) { return try outputs() }
        if scanner.isText(of: result, Names.dropped) { return .outputs([]) }
        if scanner.isText(of: result, Names.processingFailed) { return .failed(ownProblem) }
        let word = Quoting.quote(scanner.text(of: result))
        return Self.failed("its \"result\" \(word) is unknown; \(Self.results)", "unknown-result")
    }

    private static let results = "expected \"Ok\", \"Dropped\" or \"ProcessingFailed\""

    // MARK: Outputs

    private func outputs() throws(JSONMistake) -> RecordAnswer {
        let name = contract == .firehose ? "data" : "record"
        guard let output, output.kind != .null else {
            return Self.failed(
                "its result is \"Ok\" and it has no \"\(name)\"; return \"Dropped\" to leave a record out", "no-data")
        }
        guard output.kind == .array else {
            switch value(of: output, scanner) {
            case .success(let bytes): return .outputs([bytes])
            case .failure(let problem): return .failed(problem)
            }
        }
        var list = scanner.inside(output)
        var outputs: [Bytes] = []
        while let element = try list.nextElement() {
            switch value(of: element, list) {
            case .success(let bytes): outputs.append(bytes)
            case .failure(let problem): return .failed(problem)
            }
        }
        return .outputs(outputs)
    }

    private func value(of span: JSONSpan, _ scanner: JSONScanner) -> Result<Bytes, Problem> {
        switch contract {
        case .json: return .success(Array(scanner.raw(span))[...])
        case .firehose:
            guard span.kind == .string else {
                let reason = "its \"data\" is \(span.kind.noun), where base64 or a list of it is expected"
                return .failure(Problem(reason: reason, type: "not-base64", remedy: .retry))
            }
            do throws(Base64.Mistake) {
                let decoded =
                    span.hasEscapes
                    ? try Self.text(of: span, scanner).withUnsafeBufferPointer { (text) throws(Base64.Mistake) in
                        try Base64.decode(text)
                    } : try Base64.decode(scanner.rawText(of: span))
                return .success(Self.withoutNewline(decoded[...]))
            } catch {
                return .failure(Problem(reason: "its \"data\" \(error)", type: "not-base64", remedy: .retry))
            }
        }
    }

    /// Functions end each output with a newline because Firehose writes one behind the other: of JSON it is no part.
    private static func withoutNewline(_ output: Bytes) -> Bytes {
        guard output.last == 0x0A else { return output }
        do throws(JSONMistake) {
            try output.withScanner { (scanner) throws(JSONMistake) in
                _ = try scanner.value()
                try scanner.finish()
            }
        } catch {
            return output
        }
        let line = output.dropLast()
        return line.last == 0x0D ? line.dropLast() : line
    }

    // MARK: Failures

    /// What the function itself says is wrong.
    private var ownProblem: Problem {
        let reason = errorMessage.flatMap(words) ?? "the function could not transform it, and did not say why"
        let isFinal = retryable?.kind == .false
        return Problem(
            reason: reason, type: errorType.flatMap(words) ?? "ProcessingFailed", remedy: isFinal ? .reject : .retry)
    }

    /// A text, or any other value as it is written; `nil` = there is nothing in it.
    private func words(_ span: JSONSpan) -> String? {
        if span.kind == .null { return nil }
        let text = span.kind == .string ? scanner.text(of: span) : String(decoding: scanner.raw(span), as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    private static func failed(_ reason: String, _ type: String) -> RecordAnswer {
        .failed(Problem(reason: reason, type: type, remedy: .retry))
    }

    private static func text(of span: JSONSpan, _ scanner: JSONScanner) -> [UInt8] {
        guard span.hasEscapes else { return Array(scanner.rawText(of: span)) }
        var text: [UInt8] = []
        scanner.decode(span, into: &text)
        return text
    }
}

private struct Names {
    let id: [UInt8]
    let output: [UInt8]

    static let firehose = Names(id: Array("recordId".utf8), output: Array("data".utf8))
    static let json = Names(id: Array("id".utf8), output: Array("record".utf8))
    static let result = Array("result".utf8)
    static let errorType = Array("errorType".utf8)
    static let errorMessage = Array("errorMessage".utf8)
    static let retryable = Array("retryable".utf8)
    static let ok = Array("Ok".utf8)
    static let dropped = Array("Dropped".utf8)
    static let processingFailed = Array("ProcessingFailed".utf8)

    static func of(_ contract: Transform.Contract) -> Names {
        switch contract {
        case .firehose: firehose
        case .json: json
        }
    }
}
