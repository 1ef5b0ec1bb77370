import Sluice

/// The two protocols of SQS.
enum WireForm: CaseIterable {
    case json
    case query
}

/// A request of SQS before it is written in one of its protocols.
struct WireRequest {
    /// A parameter, under the names that the two protocols have for it.
    struct Field {
        let json: String
        let query: String
        let value: Value

        init(_ json: String, query: String? = nil, _ value: Value) {
            self.json = json
            self.query = query ?? json
            self.value = value
        }
    }

    indirect enum Value {
        case text(String)
        case number(Int)
        case texts([String])
        case map([(name: String, value: String)])
        case structures([[Field]])
        case structureMap([(name: String, value: [Field])])
    }

    let action: String
    let fields: [Field]

    func headers(_ wire: WireForm) -> [(String, String)] {
        switch wire {
        case .json: [("X-Amz-Target", "AmazonSQS.\(action)"), ("Content-Type", "application/x-amz-json-1.0")]
        case .query: [("Content-Type", "application/x-www-form-urlencoded")]
        }
    }

    func body(_ wire: WireForm) -> [UInt8] {
        switch wire {
        case .json: return Self.json(fields)
        case .query:
            let pairs = [("Action", action), ("Version", "2012-11-05")] + fields.flatMap { Self.pairs($0, "") }
            return pairs.map { "\($0)=\(Self.percentCoded($1))" }.joined(separator: "&").utf8.map { $0 }
        }
    }

    // MARK: JSON

    private static func json(_ fields: [Field]) -> [UInt8] { object(fields.map { ($0.json, json($0.value)) }) }

    private static func json(_ value: Value) -> [UInt8] {
        switch value {
        case .text(let text): string(text)
        case .number(let number): Array("\(number)".utf8)
        case .texts(let texts): array(texts.map(string))
        case .map(let entries): object(entries.map { ($0.name, string($0.value)) })
        case .structures(let items): array(items.map(json))
        case .structureMap(let entries): object(entries.map { ($0.name, json($0.value)) })
        }
    }

    private static func string(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendJSON(text)
        return bytes
    }

    private static func array(_ items: [[UInt8]]) -> [UInt8] {
        Array("[".utf8) + items.joined(separator: ",".utf8) + Array("]".utf8)
    }

    private static func object(_ members: [(String, [UInt8])]) -> [UInt8] {
        Array("{".utf8) + members.map { string($0) + Array(":".utf8) + $1 }.joined(separator: ",".utf8)
            + Array("}".utf8)
    }

    // MARK: Query

    /// Lists are flat there: `SendMessageBatchRequestEntry.1.MessageBody`.
    private static func pairs(_ field: Field, _ prefix: String) -> [(String, String)] {
        let name = prefix + field.query
        switch field.value {
        case .text(let text): return [(name, text)]
        case .number(let number): return [(name, "\(number)")]
        case .texts(let texts): return texts.enumerated().map { ("\(name).\($0 + 1)", $1) }
        case .map(let entries):
            return entries.enumerated().flatMap { index, entry in
                [("\(name).\(index + 1).Name", entry.name), ("\(name).\(index + 1).Value", entry.value)]
            }
        case .structures(let items):
            return items.enumerated().flatMap { index, fields in
                fields.flatMap { pairs($0, "\(name).\(index + 1).") }
            }
        case .structureMap(let entries):
            return entries.enumerated().flatMap { index, entry in
                [("\(name).\(index + 1).Name", entry.name)]
                    + entry.value.flatMap { pairs($0, "\(name).\(index + 1).Value.") }
            }
        }
    }

    private static func percentCoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var coded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                coded.append(byte)
            default: coded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: coded, as: UTF8.self)
    }
}
