extension KeyType where Value == String {
    /// `module.function`; the module may be in a folder of the code: `jobs/orders.handler`.
    static var handler: KeyType {
        let longest = Limits.handler.now.upperBound
        return .scalar(
            form: "`module.function`", expected: "a function of a module, such as 'orders.handler'",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: problem(ofHandler:),
            schema: .scalar(pattern: "^[A-Za-z0-9_/-]+([.][A-Za-z0-9_/-]+)+$", longest: longest))
    }

    static func isHandler(_ text: String) -> Bool { problem(ofHandler: text) == nil }

    private static func problem(ofHandler handler: String) -> Complaint? {
        if handler.isEmpty { return Complaint("is empty") }
        if let wrong = handler.unicodeScalars.first(where: { !isPartOfHandler($0) }) {
            return Complaint("has the character \(Quoting.quote(String(wrong)))")
        }
        let longest = Limits.handler.now.upperBound
        if handler.utf8.count > longest {
            return Complaint(
                "has \(handler.utf8.count) characters",
                expected: "expected at most \(longest), the limit of \(Limits.handler.service)")
        }
        let parts = handler.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count < 2 { return Complaint("names a module or a function, and not both") }
        return parts.contains("") ? Complaint("has nothing on one side of a point") : nil
    }

    private static func isPartOfHandler(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return false }
        return UInt8(ascii: scalar).isWordByte || scalar == "." || scalar == "-" || scalar == "/"
    }

    /// The runtimes that we bring a client for; any other language is a `command`.
    static var runtime: KeyType {
        .scalar(
            form: "`python3`, `python3.x`, `nodejsN.x`",
            expected: "a runtime: 'python3', 'python3.12', 'nodejs22.x'",
            parse: { text throws(Complaint) in text }, text: \.self, problem: problem(ofRuntime:),
            schema: .scalar(pattern: "^(python3([.][0-9]{1,3})?|nodejs[0-9]{1,3}[.]x)$"))
    }

    static func isRuntime(_ text: String) -> Bool { problem(ofRuntime: text) == nil }

    private static func problem(ofRuntime runtime: String) -> Complaint? {
        if runtime.wholeMatch(of: /python3(\.[0-9]{1,3})?|nodejs[0-9]{1,3}\.x/) != nil { return nil }
        if runtime.isEmpty { return Complaint("is empty") }
        let lower = runtime.lowercased()
        if lower == "python" { return Complaint("is not a runtime here", expected: "write 'python3'") }
        if lower.wholeMatch(of: /node(js)?/) != nil {
            return Complaint("is not a runtime here", expected: "write 'nodejs22.x'")
        }
        if let match = lower.wholeMatch(of: /node(?:js)?([0-9]{1,3})(?:\.x)?/) {
            return Complaint("is not a runtime here", expected: "write 'nodejs\(match.1).x'")
        }
        return Complaint(
            "is a runtime that Sluice has no client for",
            expected:
                "expected 'python3', 'python3.x' or 'nodejs22.x'; in place of 'handler' any program that speaks the "
                + "Lambda Runtime API may be the 'command'")
    }

    static var folder: KeyType { .text("the path of a folder", form: "path of a folder", longest: 4_096) }

    /// Up to what Linux takes as one argument; may hold line breaks: a script.
    static var commandWord: KeyType {
        let longest = 131_071
        return .scalar(
            form: "text", expected: "a word of the command, as in [python3, -m, awslambdaric, orders.handler]",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: { word in
                if word.utf8.contains(0) { return Complaint("has a NUL in it") }
                guard word.utf8.count > longest else { return nil }
                return Complaint("has \(word.utf8.count) bytes", expected: "expected at most \(longest)")
            },
            schema: .scalar(longest: longest, mayBeEmpty: true))
    }

    /// A program of any number of lines. Whether it compiles is told by jq itself, at the start.
    static var jqProgram: KeyType {
        let longest = 65_536
        return .scalar(
            form: "jq program", expected: "a jq program, such as '{order_id, amount: (.cents / 100)}'",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: { program in
                if program.allSatisfy(\.isWhitespace) { return Complaint("is empty") }
                if program.utf8.contains(0) { return Complaint("has a NUL in it") }
                guard program.utf8.count > longest else { return nil }
                return Complaint("has \(program.utf8.count) bytes", expected: "expected at most \(longest)")
            },
            schema: .scalar(longest: longest))
    }
}

extension KeyType where Value == PauseWhen {
    static var pauseWhen: KeyType {
        let expected = "a share of the last records, such as '90% of 200'"
        return .scalar(
            form: "`90% of 200`", expected: expected,
            parse: { text throws(Complaint) in
                guard let match = text.wholeMatch(of: /([0-9]+) *% +of +([0-9]+)/) else {
                    throw Complaint("is not a share of the last records", expected: suggestion(for: text))
                }
                guard let percent = Int(match.1), let records = Int(match.2) else { throw Complaint("is too large") }
                return PauseWhen(percent, of: records)
            },
            text: \.definitionText,
            problem: { share in
                if !(1...100).contains(share.percent) {
                    return Complaint("is not between 1% and 100%", expected: "expected \(expected)")
                }
                if !(1...10_000).contains(share.records) {
                    return Complaint("is not of 1 to 10000 records", expected: "expected \(expected)")
                }
                return nil
            },
            schema: .scalar(pattern: "^0*(\(DigitPattern.of(1...100))) *% +of +0*(\(DigitPattern.of(1...10_000)))$"))
    }

    private static func suggestion(for text: String) -> String? {
        guard let match = text.wholeMatch(of: /([0-9]{1,3}) *%?/), let percent = Int(match.1), percent <= 100 else {
            return nil
        }
        return "write '\(PauseWhen(percent).definitionText)'"
    }
}

extension PauseWhen {
    /// `90% of 200`.
    var definitionText: String { "\(percent)% of \(records)" }
}
