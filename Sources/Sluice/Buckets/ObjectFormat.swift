/// What a record is in an object.
public enum ObjectFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// By the object's name, then by its first bytes.
    case auto
    /// One JSON value a line.
    case jsonl
    /// The elements of an array; or a document, or several one behind the other.
    case json
    /// RFC 4180; a row is an object of texts.
    case csv
    /// A line, whatever is in it.
    case lines
    /// The whole object.
    case bytes
}

/// How an object is compressed.
public enum ObjectCompression: String, Hashable, Sendable, Codable, CaseIterable {
    /// By the first bytes of the object, and by its name.
    case auto
    case none, gzip, zstd
}

/// How CSV is written.
public struct CSVOptions: Hashable, Sendable {
    /// How text is written. A byte order mark is obeyed, whatever stands here.
    public enum Encoding: String, Hashable, Sendable, Codable, CaseIterable {
        case utf8 = "utf-8"
        /// Without a byte order mark, the low byte first.
        case utf16 = "utf-16"
        case latin1 = "latin-1"
    }

    /// Whether the first line names the columns; true.
    public var header: Bool
    /// The names of the columns: in place of the header's, or where there is none.
    public var columns: [String]?
    /// One ASCII character; `,`.
    public var delimiter: Character
    public var encoding: Encoding
    /// A text that is read as `null`; `nil` = none is.
    public var null: String?

    public init(
        header: Bool = true, columns: [String]? = nil, delimiter: Character = ",", encoding: Encoding = .utf8,
        null: String? = nil
    ) {
        self.header = header
        self.columns = columns
        self.delimiter = delimiter
        self.encoding = encoding
        self.null = null
    }
}
