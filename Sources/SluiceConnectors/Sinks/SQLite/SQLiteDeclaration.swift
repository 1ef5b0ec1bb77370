import Sluice

/// A column that the definition declares: what it is in SQLite, and which values it takes. SQLite itself would keep
/// any value in any column.
struct SQLiteDeclaration: Sendable {
    let name: String
    /// As the definition writes it.
    let declared: String
    /// In the statement that makes the column; empty = without a type.
    let type: String
    /// `nil` = whatever comes, as for text, json and blob.
    let fit: SQLiteFit?

    init(_ column: Deliver.Column) throws(SinkCatalogue.Mistake) {
        name = column.name
        declared = column.type
        type = try SQLiteType.declaration(of: column.type, column: column.name)
        fit = SQLiteFit(declared: column.type)
    }
}

/// Which values fit a declared type. Decided once for each column; looks at bytes only, null excepted: that always
/// fits, unless the table says NOT NULL.
enum SQLiteFit: Sendable, Equatable {
    /// A JSON number without fraction and exponent.
    case integer
    /// Any JSON number.
    case number
    case boolean
    /// A JSON number, or a text that is a decimal without exponent, with at most so many digits before and behind
    /// the point. Zeros at either end do not count.
    case decimal(whole: Int, fraction: Int)
    /// Text: `2026-11-24`, a day that there is.
    case date
    /// Text: a date, `T` or a space, and a time with or without seconds, their fraction and an offset.
    case timestamp
    /// Text: 8-4-4-4-12 hexadecimal digits.
    case uuid

    /// - Returns: `nil` for types that take anything.
    init?(declared type: String) {
        let type = type.lowercased()
        switch type.prefix(while: { $0 != "(" }).split(separator: " ").first {
        case "int", "integer", "bigint", "smallint", "int2", "int4", "int8": self = .integer
        case "real", "double", "float", "float4", "float8": self = .number
        case "bool", "boolean": self = .boolean
        case "numeric", "decimal", "dec", "money": self = Self.decimal(type)
        case "date": self = .date
        case "timestamp", "timestamptz", "datetime": self = .timestamp
        case "uuid": self = .uuid
        default: return nil
        }
    }

    /// With (p,s): p digits, s of them behind the point. With (p): none behind it.
    private static func decimal(_ type: String) -> SQLiteFit {
        let digits = type.split { !"0123456789".contains($0) }.map { Int($0) ?? .max }
        guard let precision = digits.first else { return .decimal(whole: .max, fraction: .max) }
        let scale = digits.count > 1 ? digits[1] : 0
        return .decimal(whole: max(0, precision - scale), fraction: scale)
    }

    /// What would fit, for people.
    var expected: String {
        switch self {
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .decimal(.max, _): "a decimal number"
        case .decimal(let whole, let fraction):
            "a decimal number with at most \(whole) digits before the point and \(fraction) behind it"
        case .date: "a day as 'YYYY-MM-DD'"
        case .timestamp: "a date and time as 'YYYY-MM-DDThh:mm:ssZ'"
        case .uuid: "a UUID"
        }
    }

    func takes(_ value: JSONSpan, in scanner: JSONScanner) -> Bool {
        switch value.kind {
        case .null: true
        case .true, .false: self == .boolean
        case .object, .array: false
        case .number: takes(number: scanner.raw(value), isInteger: value.isInteger)
        case .string where value.hasEscapes:
            Array(scanner.text(of: value).utf8).withUnsafeBufferPointer(takes(text:))
        case .string: takes(text: scanner.rawText(of: value))
        }
    }

    private func takes(number: UnsafeBufferPointer<UInt8>, isInteger: Bool) -> Bool {
        switch self {
        case .integer: isInteger
        case .number: true
        case .decimal(let whole, let fraction): SQLiteDigits(number)?.fit(whole: whole, fraction: fraction) ?? false
        case .boolean, .date, .timestamp, .uuid: false
        }
    }

    private func takes(text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch self {
        case .decimal(let whole, let fraction):
            SQLiteDigits(text, isPlain: true)?.fit(whole: whole, fraction: fraction) ?? false
        case .date:
            SQLiteTextReader.reads(text) { $0.date() }
        case .timestamp:
            SQLiteTextReader.reads(text) { $0.date() && $0.byte(of: "Tt ") && $0.time() && $0.offset() }
        case .uuid:
            SQLiteTextReader.reads(text) { reader in
                reader.hexadecimal(8) && [4, 4, 4, 12].allSatisfy { reader.byte(of: "-") && reader.hexadecimal($0) }
            }
        case .integer, .number, .boolean: false
        }
    }
}
