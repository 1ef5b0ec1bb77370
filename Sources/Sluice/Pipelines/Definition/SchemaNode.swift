/// A piece of a JSON Schema (draft 2020-12), which is JSON itself.
package indirect enum SchemaNode: Hashable, Sendable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([SchemaNode])
    case map([String: SchemaNode])

    /// Any value.
    static let anything = SchemaNode.flag(true)

    /// Whatever is written as one scalar: what it means is up to the key, not to YAML's guess.
    /// - Parameters:
    ///   - pattern: what a text has to match. What YAML takes for a number or a flag does not.
    ///   - orNumber: whether a number in digits alone matches, too.
    static func scalar(
        pattern: String? = nil, orNumber: Bool = false, longest: Int? = nil, mayBeEmpty: Bool = false
    ) -> SchemaNode {
        let types = pattern == nil ? ["string", "number", "boolean"] : orNumber ? ["string", "integer"] : ["string"]
        var text: [String: SchemaNode] = ["type": .list(types.map { .text($0) })]
        text["pattern"] = pattern.map { .text($0) }
        text["maxLength"] = longest.map { .number(Double($0)) }
        if !mayBeEmpty { text["minLength"] = .number(1) }
        return .map(text)
    }

    static func words(_ words: [String]) -> SchemaNode { .map(["enum": .list(words.map { .text($0) })]) }
    static func any(of nodes: [SchemaNode]) -> SchemaNode { .map(["anyOf": .list(nodes)]) }

    /// A number in a range, in digits or as a text of digits.
    static func number(_ range: ClosedRange<Double>, isWhole: Bool) -> SchemaNode {
        .any(of: [
            .map([
                "type": .text(isWhole ? "integer" : "number"), "minimum": .number(range.lowerBound),
                "maximum": .number(range.upperBound),
            ]),
            .map(["type": .text("string"), "pattern": .text(isWhole ? "^[0-9]+$" : "^[0-9]+([.][0-9]+)?$")]),
        ])
    }

    /// An amount with its unit, in a range that is given in the smallest unit.
    static func amount(_ range: ClosedRange<Int64>, _ units: [UnitText.Unit]) -> SchemaNode {
        let forms = units.compactMap { unit -> String? in
            let low = (range.lowerBound + unit.size - 1) / unit.size
            let high = range.upperBound / unit.size
            return low <= high ? "(\(DigitPattern.of(low...high)))\(unit.symbol)" : nil
        }
        return .map(["type": .text("string"), "pattern": .text("^0*(\(forms.joined(separator: "|")))$")])
    }

    /// Also what is put in from outside: `${NAME}`. What it comes to shows when the definition is read.
    var orInterpolated: SchemaNode {
        .any(of: [self, .map(["type": .text("string"), "pattern": .text("\\$\\{")])])
    }

    /// With what an editor shows of it.
    func annotated(_ meaning: String, fallback: SchemaNode?) -> SchemaNode {
        guard case .map(var keys) = self else { return self }
        keys["description"] = .text(meaning)
        keys["default"] = fallback
        return .map(keys)
    }
}

extension SchemaNode: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number):
            if let whole = Int(exactly: number) { try container.encode(whole) } else { try container.encode(number) }
        case .flag(let flag): try container.encode(flag)
        case .list(let nodes): try container.encode(nodes)
        case .map(let keys): try container.encode(keys)
        }
    }
}

/// Regular expressions for the numbers of a range: `18|19|2[0-4]`.
enum DigitPattern {
    static func of(_ range: ClosedRange<Int64>) -> String {
        var parts: [String] = []
        var start = range.lowerBound
        for end in ends(of: range) {
            parts.append(pattern("\(start)", "\(end)"))
            start = end + 1
        }
        return parts.joined(separator: "|")
    }

    /// Where the range is cut, so that each part has numbers of one length that differ in their last digits only.
    private static func ends(of range: ClosedRange<Int64>) -> [Int64] {
        let (low, high) = (range.lowerBound, range.upperBound)
        var ends: Set<Int64> = [high]
        for power in powers {
            let nines = low / power * power + power - 1
            if nines >= low, nines < high { ends.insert(nines) }
            let zeros = (high + 1) / power * power - 1
            if zeros >= low, zeros < high { ends.insert(zeros) }
        }
        return ends.sorted()
    }

    private static let powers: [Int64] = (1...17).map { digits in (0..<digits).reduce(1) { power, _ in power * 10 } }

    private static func pattern(_ low: String, _ high: String) -> String {
        var pattern = ""
        var free = 0
        for (from, to) in zip(low, high) {
            if from == to {
                pattern.append(from)
            } else if from == "0", to == "9" {
                free += 1
            } else {
                pattern += "[\(from)-\(to)]"
            }
        }
        if free > 0 { pattern += free == 1 ? "[0-9]" : "[0-9]{\(free)}" }
        return pattern
    }
}
