/// What a raw record has to say of itself to be replayed: `$.customer_id=42`, or `!=`.
///
/// A value is compared as text: `42` and `"42"` are equal. A record that is not JSON, or has nothing at the path,
/// fulfils no `=` and every `!=`.
public struct ReplayCondition: Hashable, Sendable, Codable {
    public let path: RecordPath
    public let value: String
    /// `!=`.
    public let isNegated: Bool

    /// What is no condition, and why.
    public struct Mistake: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    public init(parsing text: String) throws(Mistake) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Mistake(description: "'\(text)' is no condition; write it as '$.customer_id=42' or '$.state!=new'")
        }
        let left = text[..<equals]
        isNegated = left.last == "!"
        value = String(text[text.index(after: equals)...])
        let path = (isNegated ? left.dropLast() : left).trimmingWhitespace
        do {
            self.path = try RecordPath(parsing: path)
        } catch {
            throw Mistake(description: "'\(path)' is no path: \(error.message)")
        }
    }

    public var text: String { "\(path.text)\(isNegated ? "!=" : "=")\(value)" }

    package func holds(for record: Bytes) -> Bool {
        (path.find(in: record)?.scalarText == value) != isNegated
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do throws(Mistake) { try self.init(parsing: text) } catch {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension [ReplayCondition] {
    package func hold(for record: Bytes) -> Bool { allSatisfy { $0.holds(for: record) } }
}

extension Substring {
    fileprivate var trimmingWhitespace: String {
        let head = drop { $0.isWhitespace }
        return head.lastIndex { !$0.isWhitespace }.map { String(head[...$0]) } ?? ""
    }
}
