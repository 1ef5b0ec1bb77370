extension KeyType where Value == SinkAddress {
    static var sinkAddress: KeyType {
        .scalar(
            form: "`sqlite:PATH`, `postgres://…`, `https://…`",
            expected: "an address, such as 'sqlite:out/shop.db', 'postgres://user@host/database' or "
                + "'https://api.example.com/v1/orders'",
            parse: { text throws(Complaint) in
                guard let colon = text.firstIndex(of: ":") else {
                    throw Complaint("names no kind of sink", expected: "write 'sqlite:\(text)' for a database file")
                }
                let scheme = text[..<colon].lowercased()
                let rest = String(text[text.index(after: colon)...])
                if scheme == "postgresql" { return .postgres(text) }
                guard ["sqlite", "postgres", "http", "https"].contains(scheme) else { throw unknown(scheme: scheme) }
                guard text[..<colon] == scheme else {
                    throw Complaint("is no address", expected: "write '\(scheme):' in lower case")
                }
                switch scheme {
                case "sqlite": return .sqlite(rest)
                case "postgres": return .postgres(text)
                default: return .http(text)
                }
            },
            text: { address in
                switch address {
                case .sqlite(let path): "sqlite:\(path)"
                case .postgres(let url), .http(let url): url
                }
            },
            problem: { address in
                switch address {
                case .sqlite(let path): problem(ofFile: path)
                case .postgres(let url): problem(ofDatabase: url)
                case .http(let url): problem(ofURL: url)
                }
            },
            schema: .scalar(pattern: "^(sqlite:.|postgres(ql)?://|https?://.)"))
    }

    private static func unknown(scheme: String) -> Complaint {
        let later = ["s3", "queue", "function"]
        let problem =
            later.contains(scheme) ? "is a kind of sink that this version does not have" : "is no kind of sink"
        return Complaint(
            problem, expected: "expected 'sqlite:PATH', a database file, 'postgres://…' or 'https://HOST/PATH'")
    }

    private static func problem(ofDatabase url: String) -> Complaint? {
        let scheme = url.prefix { $0 != ":" }
        guard url.dropFirst(scheme.count).hasPrefix("://") else {
            return Complaint("is no address", expected: "write '\(scheme)://USER@HOST/DATABASE'")
        }
        return url.utf8.contains(0) ? Complaint("has a NUL in it", expected: "expected an address") : nil
    }

    private static func problem(ofURL url: String) -> Complaint? {
        do throws(Complaint) { _ = try HTTPAddress(checking: url) } catch { return error }
        return nil
    }

    private static func problem(ofFile path: String) -> Complaint? {
        if path.isEmpty { return Complaint("names no file") }
        if path == ":memory:" { return Complaint("is lost when the process ends", expected: "expected a file's path") }
        if path.hasPrefix("//"), !path.hasPrefix("///") {
            let rest = path.dropFirst(2)
            return Complaint(
                "is no path", expected: "write 'sqlite:\(rest)', or 'sqlite:/\(rest)' for an absolute path")
        }
        if path.utf8.count > 4_096 {
            return Complaint("is longer than a path may be", expected: "expected a file's path")
        }
        if path.utf8.contains(0) { return Complaint("has a NUL in it", expected: "expected a file's path") }
        return nil
    }
}

extension KeyType where Value == [Deliver.Column] {
    /// Names of columns with their declared types, in the order written.
    static var columns: KeyType {
        KeyType(
            form: "map of column: type", expected: "a map of columns to types, such as {amount: \"numeric(12,2)\"}",
            read: { node, _, reading in
                guard case .map(let entries) = node.content else {
                    reading.fail(
                        node.isAbsent ? "has no value" : "is \(node.kind)",
                        expected: "expected a map of columns to types, such as {amount: \"numeric(12,2)\"}",
                        at: node.place)
                    return nil
                }
                return entries.compactMap { entry in
                    reading.at(entry.key) { reading in
                        reading.mark(entry)
                        return reading.text(entry.value, expected: typeForm).map { Deliver.Column(entry.key, $0) }
                    }
                }
            },
            check: { columns, check in
                for column in columns {
                    check.at(column.name) { check in
                        if !isType(column.type) {
                            check.complain(
                                about: column.type, "is no type of a column", expected: "expected \(typeForm)")
                        } else if let mistake = ColumnType.mistake(in: column.type) {
                            check.complain(about: column.type, mistake.problem, expected: mistake.expected)
                        }
                    }
                }
                let names = columns.map { $0.name.lowercased() }
                for name in Set(names) where names.count(where: { $0 == name }) > 1 {
                    check.report(
                        "\(check.path) names the column '\(name)' twice", expected: "expected each column once")
                }
                if names.contains("") {
                    check.report("\(check.path) has a column without a name", expected: "expected a name")
                }
            },
            text: { columns in
                "{" + columns.map { "\($0.name): \($0.type)" }.joined(separator: ", ") + "}"
            },
            schema: {
                let names = ColumnType.names.joined(separator: "|")
                let type = SchemaNode.scalar(pattern: "^(?i:\(names))( [A-Za-z0-9_ ]*)?([(][0-9, ]+[)])?$", longest: 64)
                return .map(["type": .text("object"), "additionalProperties": type.orInterpolated])
            })
    }

    private static var typeForm: String { "a type, such as 'integer', 'text', 'timestamptz' or 'numeric(12,2)'" }

    /// Words, then perhaps one or two numbers in brackets. The type stands in the statement that makes the table.
    private static func isType(_ type: String) -> Bool {
        let name = type.prefix { $0 != "(" }
        let rest = type.dropFirst(name.count)
        let isName = name.utf8.allSatisfy { $0.isWordByte || $0 == UInt8(ascii: " ") } && name.first?.isLetter == true
        guard isName, type.utf8.count <= 64 else { return false }
        guard !rest.isEmpty else { return true }
        guard rest.hasSuffix(")") else { return false }
        let numbers = rest.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
        return (1...2).contains(numbers.count)
            && numbers.allSatisfy { number in
                let digits = number.filter { $0 != " " }
                return !digits.isEmpty
                    && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
    }
}

extension KeyType where Value == String {
    /// A table, perhaps with its schema. What stands on either side of the point may be any name.
    static var tableName: KeyType {
        let expected = "the name of a table, as '[schema.]name'"
        var type = KeyType.text("the name of a table")
        let text = type.check
        type.check = { name, check in
            text(name, &check)
            guard !name.isEmpty else { return }
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            if parts.count > 2 {
                check.complain(about: name, "has \(parts.count) parts", expected: "expected \(expected)")
            } else if parts.contains("") {
                check.complain(
                    about: name, "has nothing on one side of the point", expected: "expected \(expected)")
            }
        }
        return type
    }
}
