extension KeyType where Value == Bool {
    static var flag: KeyType {
        .scalar(
            form: "`true` or `false`", expected: "true or false",
            parse: { text throws(Complaint) in
                switch text.lowercased() {
                case "true", "false":
                    guard text == text.lowercased() else { break }
                    return text == "true"
                case "yes", "on", "y": throw Complaint("is not true or false", expected: "write 'true'")
                case "no", "off", "n": throw Complaint("is not true or false", expected: "write 'false'")
                default: break
                }
                throw Complaint("is not true or false")
            },
            text: { "\($0)" },
            schema: .map(["enum": .list([.flag(true), .flag(false), .text("true"), .text("false")])]))
    }
}

extension KeyType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words.
    static func choice() -> KeyType {
        let words = Value.allCases.map(\.rawValue)
        return .scalar(
            form: words.map { "`\($0)`" }.joined(separator: ", "), expected: "one of " + words.joined(separator: ", "),
            parse: { text throws(Complaint) in
                if let value = Value(rawValue: text) { return value }
                let near = NearestName.to(text, among: words)
                throw Complaint(
                    "is not one of \(words.joined(separator: ", "))", expected: near.map { "did you mean '\($0)'?" })
            },
            text: \.rawValue, schema: .words(words))
    }
}

extension KeyType where Value == String {
    /// A name that becomes part of other names: lower-case letters, digits and `-`.
    static func name(_ length: ClosedRange<Int>, reserved: [String] = []) -> KeyType {
        .scalar(
            form: "name, `[a-z0-9-]{\(length.lowerBound),\(length.upperBound)}`",
            expected: "\(length.lowerBound) to \(length.upperBound) of a-z, 0-9 and '-'",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: { name in
                if name.isEmpty { return Complaint("is empty") }
                if reserved.contains(name) { return Complaint("is taken", expected: "choose another name") }
                if let wrong = name.unicodeScalars.first(where: { !$0.isLowerCaseLetterOrDigit && $0 != "-" }) {
                    return Complaint("has the character \(Quoting.quote(String(wrong)))")
                }
                return length.contains(name.utf8.count) ? nil : Complaint("has \(name.utf8.count) characters")
            },
            schema: .scalar(
                pattern: "^[a-z0-9-]{\(length.lowerBound),\(length.upperBound)}$", orNumber: true))
    }

    /// The name of a queue, with or without `.fifo`. Its dead-letter queue's name has to fit too.
    static var queueName: KeyType {
        let longest = Limits.queueName.now.upperBound
        return .scalar(
            form: "queue name, `[A-Za-z0-9_-]`",
            expected: "a queue's name: letters, digits, '-' and '_'",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: { name in
                let bare = QueueNames.bare(name)
                if bare.isEmpty { return Complaint("is empty") }
                if bare.contains("://") || bare.hasPrefix("arn:") {
                    return Complaint(
                        "is a queue elsewhere, which this version does not read",
                        expected: "expected the name of a queue that is made here")
                }
                if let wrong = bare.unicodeScalars.first(where: { !$0.isASCIIWordCharacter && $0 != "-" }) {
                    return Complaint("has the character \(Quoting.quote(String(wrong)))")
                }
                let length = QueueNames.deadLetterQueue(of: bare).utf8.count + QueueNames.fifoSuffix.utf8.count
                guard length > longest else { return nil }
                return Complaint(
                    "is too long: with '-dlq' and '.fifo' it has \(length) characters",
                    expected: "expected at most \(longest) with them, the limit of \(Limits.queueName.service)")
            },
            schema: .scalar(pattern: "^[A-Za-z0-9_-]+([.]fifo)?$", orNumber: true, longest: longest))
    }

    static var bucketName: KeyType {
        .scalar(
            form: "bucket name, `[a-z0-9.-]{3,63}`", expected: "a bucket's name: 3 to 63 of a-z, 0-9, '-' and '.'",
            parse: { text throws(Complaint) in text }, text: \.self,
            problem: { name in BucketNames.problem(of: name).map { Complaint($0) } },
            schema: .scalar(pattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", orNumber: true))
    }

    /// The beginning or the end of an object's key; empty = any.
    static var keyPart: KeyType {
        .scalar(
            form: "text", expected: "a part of an object's key", parse: { text throws(Complaint) in text },
            text: \.self,
            problem: { part in part.isEmpty ? nil : BucketNames.problem(ofKey: part).map { Complaint($0) } },
            schema: .scalar(longest: Limits.objectKey.now.upperBound))
    }

    /// Any text of one line.
    static func text(_ noun: String, form: String? = nil, longest: Int = 255) -> KeyType {
        .scalar(
            form: form ?? "text", expected: noun, parse: { text throws(Complaint) in text }, text: \.self,
            problem: { text in
                if text.isEmpty { return Complaint("is empty") }
                if text.utf8.count > longest {
                    return Complaint("has \(text.utf8.count) bytes", expected: "expected at most \(longest)")
                }
                let hasControl = text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
                return hasControl ? Complaint("has a control character") : nil
            },
            schema: .scalar(longest: longest))
    }
}

extension KeyType where Value == Character {
    /// The character between two fields.
    static var delimiter: KeyType {
        .scalar(
            form: "one character, or `tab`", expected: "one character, such as ';', or 'tab'",
            parse: { text throws(Complaint) in
                if text == "tab" { return "\t" }
                guard let character = text.first, text.utf8.count == 1, character.isASCII else {
                    throw Complaint("is not one ASCII character")
                }
                return character
            }, text: { $0 == "\t" ? "tab" : String($0) },
            problem: { $0 == "\"" || $0.isNewline ? Complaint("means something else in CSV") : nil },
            schema: .scalar(longest: 3))
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIWordCharacter: Bool { isASCII && UInt8(ascii: self).isWordByte }

    fileprivate var isLowerCaseLetterOrDigit: Bool {
        isASCIIWordCharacter && self != "_" && !("A"..."Z").contains(self)
    }
}

extension KeyType where Value == String {
    /// What an error is matched by: its type with wildcards, or a regular expression between slashes.
    static var errorPattern: KeyType {
        let expected = "the type of an error, such as 'ValidationError' or 'sql:*', or a /regular expression/"
        var type = KeyType.text(expected, form: "error type, or `/regex/`", longest: 1_024)
        let text = type.check
        type.check = { pattern, check in
            text(pattern, &check)
            guard pattern.hasPrefix("/"), pattern.count > 1 else { return }
            guard pattern.hasSuffix("/") else {
                check.complain(about: pattern, "is not closed", expected: "write '/' behind the regular expression")
                return
            }
            do {
                _ = try Regex(String(pattern.dropFirst().dropLast()))
            } catch {
                check.complain(about: pattern, "is no regular expression: \(error)", expected: "expected \(expected)")
            }
        }
        return type
    }
}
