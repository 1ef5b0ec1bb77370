/// What a raw record has to say of itself to be replayed: `$.customer_id=42`, or `!=`; or where it stood:
/// `meta.object=drop/1997-03.csv`.
///
/// A value is compared as text: `42` and `"42"` are equal. A record that is not JSON, or has nothing at the path,
/// fulfils no `=` and every `!=`; so does a message where an object is meant.
public struct ReplayCondition: Hashable, Sendable, Codable {
    public enum Subject: Hashable, Sendable {
        case path(RecordPath)
        /// The object that the record stood in, as `bucket/key` or `bucket/key@version`.
        case object
    }

    public let subject: Subject
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
        if path == Self.objectWord {
            subject = .object
            return
        }
        do {
            subject = .path(try RecordPath(parsing: path))
        } catch {
            throw Mistake(description: "'\(path)' is no path: \(error.message)")
        }
    }

    private static let objectWord = "meta.object"

    public var text: String {
        let left =
            switch subject {
            case .path(let path): path.text
            case .object: Self.objectWord
            }
        return "\(left)\(isNegated ? "!=" : "=")\(value)"
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
    /// Whether a raw record fulfils those that are about it.
    package func hold(for record: Bytes) -> Bool {
        allSatisfy { condition in
            guard case .path(let path) = condition.subject else { return true }
            return (path.find(in: record)?.scalarText == condition.value) != condition.isNegated
        }
    }

    /// Whether an object fulfils those that are about it.
    /// - Parameter object: `nil` = the record was a message.
    package func hold(forObject object: ObjectVersion?) -> Bool {
        allSatisfy { condition in
            guard condition.subject == .object else { return true }
            let isMeant =
                object.map { condition.value == "\($0.bucket)/\($0.key)" || condition.value == $0.description } ?? false
            return isMeant != condition.isNegated
        }
    }

    /// Those that Split looks at.
    package var ofRecords: [ReplayCondition] { filter { $0.subject != .object } }
}

extension Substring {
    fileprivate var trimmingWhitespace: String {
        let head = drop { $0.isWhitespace }
        return head.lastIndex { !$0.isWhitespace }.map { String(head[...$0]) } ?? ""
    }
}
