/// A range, and whose limit it is.
struct Bounds<Value: Comparable & Hashable & Sendable>: Sendable {
    let range: ClosedRange<Value>
    var service: String?

    static func ours(_ range: ClosedRange<Value>) -> Bounds { Bounds(range: range) }
    static func limit(_ limit: Limit<Value>) -> Bounds { Bounds(range: limit.now, service: limit.service) }

    /// `1s…15m`
    func text(_ show: (Value) -> String) -> String { "\(show(range.lowerBound))…\(show(range.upperBound))" }

    func problem(_ value: Value, _ show: (Value) -> String) -> Complaint? {
        if value < range.lowerBound { return Complaint("is less than \(show(range.lowerBound))") }
        if value > range.upperBound {
            return Complaint("is more than \(show(range.upperBound))" + (service.map { ", the limit of \($0)" } ?? ""))
        }
        return nil
    }
}

extension KeyType where Value == Duration {
    static func duration(_ bounds: Bounds<Duration>) -> KeyType {
        let range = bounds.text(\.definitionText)
        return .scalar(
            form: "duration, \(range)", expected: "a duration, \(range), such as '\(example(bounds.range))'",
            parse: { text throws(Complaint) in try UnitText.duration(text, in: bounds.range) }, text: \.definitionText,
            problem: { bounds.problem($0, \.definitionText) },
            schema: .amount(
                bounds.range.lowerBound.milliseconds...bounds.range.upperBound.milliseconds, UnitText.durations))
    }

    private static func example(_ range: ClosedRange<Duration>) -> String {
        let usual: [Duration] = [.seconds(30), .days(14), .hours(1)]
        return (usual.first(where: range.contains) ?? range.upperBound).definitionText
    }
}

extension KeyType where Value == ByteCount {
    static func size(_ bounds: Bounds<ByteCount>) -> KeyType {
        let range = bounds.text(\.definitionText)
        let example = bounds.range.upperBound.definitionText
        var type = KeyType.scalar(
            form: "size, \(range)", expected: "a size, \(range), such as '\(example)'",
            parse: { text throws(Complaint) in try UnitText.size(text, in: bounds.range) },
            text: \.definitionText, problem: { bounds.problem($0, \.definitionText) },
            schema: .amount(Int64(bounds.range.lowerBound.bytes)...Int64(bounds.range.upperBound.bytes), UnitText.sizes)
        )
        type.explanation = { "\($0.definitionText) (\($0.bytes) bytes)" }
        return type
    }
}

extension KeyType where Value == Int {
    static func count(_ bounds: Bounds<Int>) -> KeyType {
        let range = bounds.text(\.description)
        return .scalar(
            form: "number, \(range)", expected: "a whole number, \(range)", parse: parse, text: \.description,
            problem: { bounds.problem($0, \.description) },
            schema: .number(Double(bounds.range.lowerBound)...Double(bounds.range.upperBound), isWhole: true))
    }

    /// The version of the format. A file of another one is not read any further.
    static func formatVersion(_ supported: Int) -> KeyType {
        .scalar(
            form: "`\(supported)`", expected: "the version of the format, \(supported)",
            parse: { text throws(Complaint) in
                let version = try parse(text)
                guard version == supported else {
                    throw Complaint(
                        "is a version of the format that this Sluice does not read",
                        expected: "expected \(supported); a newer Sluice may read it")
                }
                return version
            },
            text: \.description, schema: .number(Double(supported)...Double(supported), isWhole: true))
    }

    private static func parse(_ text: String) throws(Complaint) -> Int {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        if !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            guard let number = Int(text) else { throw Complaint("is too large") }
            return number
        }
        let plain = text.filter { $0 != "_" && $0 != "," && $0 != " " }
        if plain != text, let number = Int(plain) {
            throw Complaint("is not a whole number", expected: "write '\(number)'")
        }
        throw Complaint("is not a whole number")
    }
}

extension KeyType where Value == Double {
    static func number(_ bounds: Bounds<Double>) -> KeyType {
        let range = bounds.text(text)
        return .scalar(
            form: "number, \(range)", expected: "a number, \(range), such as '1.5'",
            parse: { text throws(Complaint) in
                let isDecimal = text.utf8.allSatisfy {
                    $0.isWordByte || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                }
                guard isDecimal, !text.contains("x"), let number = Double(text), number.isFinite else {
                    throw Complaint("is not a number")
                }
                return number
            },
            text: text, problem: { $0.isFinite ? bounds.problem($0, text) : Complaint("is not a number") },
            schema: .number(bounds.range, isWhole: false))
    }

    private static func text(_ number: Double) -> String {
        Int(exactly: number)?.description ?? number.description
    }
}

extension KeyType where Value == Rate {
    static func rate(_ bounds: Bounds<Int>) -> KeyType {
        .scalar(
            form: "rate: `500/s`, `100/m`, `3/h`", expected: "a rate, such as '500/s', '100/m' or '3/h'",
            parse: UnitText.rate, text: \.definitionText,
            problem: { rate in
                guard UnitText.rates.contains(where: { .seconds($0.size) == rate.per }) else {
                    return Complaint("is per \(rate.per.definitionText)", expected: "expected a rate per s, m or h")
                }
                return bounds.problem(rate.count, \.description)
            },
            schema: .scalar(pattern: "^[0-9]+ */ *[smh]$"))
    }
}
