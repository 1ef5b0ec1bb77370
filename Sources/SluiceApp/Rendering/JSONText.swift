import Foundation
import Sluice

/// What `--json` prints: sorted keys, one line, `"version": 1` in every document.
enum JSONText {
    /// Additions only: a field that is here stays, with its meaning.
    static let version = 1

    static func document(_ value: some Encodable) -> String { line(Versioned(value: value)) }

    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            preconditionFailure("a value of our own cannot be written as JSON: \(error)")
        }
    }

    private struct Versioned<Value: Encodable>: Encodable {
        let value: Value

        enum CodingKeys: CodingKey { case version }

        func encode(to encoder: any Encoder) throws {
            try value.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(JSONText.version, forKey: .version)
        }
    }
}
