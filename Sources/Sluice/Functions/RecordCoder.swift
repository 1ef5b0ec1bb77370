import Foundation

/// JSON of records to values and back, for one invocation: making a decoder for every record costs more than a
/// small record's decoding.
///
/// Dates are ISO 8601, with or without fractions of a second. Output is stable, because equal values must be equal bytes: keys are sorted, slashes are not
/// escaped, and a `Decimal` is written with all its digits.
struct RecordCoder {
    private let decoder = JSONDecoder()
    private let encoder = JSONEncoder()

    init() {
        decoder.dateDecodingStrategy = .custom(JSONDate.decode)
        encoder.dateEncodingStrategy = .custom(JSONDate.encode)
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    struct Undecodable: Error {
        let problem: Problem
    }

    /// A record that cannot be decoded never can be: by default it is rejected at once, without further receives.
    func decode<Value: Decodable>(_ type: Value.Type, from body: Bytes) -> Result<Value, Undecodable> {
        do {
            return .success(try decoder.decode(type, from: Data(body)))
        } catch {
            let reason = DecodingReason.of(error, type: "\(type)", body: body)
            return .failure(Undecodable(problem: Problem(reason: reason, type: "DecodingError", remedy: .reject)))
        }
    }

    func answer<Output: Encodable>(_ outcome: Outcome<Output>) -> RecordAnswer {
        switch outcome {
        case .retry(let reason): return RecordAnswer(.retry(reason))
        case .reject(let reason): return RecordAnswer(.reject(reason))
        case .outputs(let outputs):
            do {
                return .outputs(try outputs.map { Bytes(try encoder.encode($0)) })
            } catch {
                let reason = "an output of type \(Output.self) cannot be written as JSON: \(error)"
                return .failed(Problem(reason: reason, type: "EncodingError", remedy: .reject))
            }
        }
    }
}

/// What is wrong with a record, where, and what was expected, in one sentence.
enum DecodingReason {
    static func of(_ error: any Error, type: String, body: Bytes) -> String {
        guard let error = error as? DecodingError else { return "\(type) cannot be read: \(error)" }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context.codingPath)) has no field '\(key.stringValue)', which \(type) needs"
        case .valueNotFound(let expected, let context):
            return "\(path(context.codingPath)) is null, where \(type) needs \(expected)"
        case .typeMismatch(let expected, let context):
            return "\(path(context.codingPath)) is not \(expected), as \(type) needs: \(context.debugDescription)"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            if body.isEmpty { return "the record is empty, where a JSON value is expected" }
            return "the record is not JSON: \(context.debugDescription)\(cause(context))"
        case .dataCorrupted(let context):
            return "\(path(context.codingPath)) cannot be used by \(type): \(context.debugDescription)"
        @unknown default:
            return "\(type) cannot be read: \(error)"
        }
    }

    private static func cause(_ context: DecodingError.Context) -> String {
        guard let underlying = context.underlyingError as NSError? else { return "" }
        return (underlying.userInfo[NSDebugDescriptionErrorKey] as? String).map { " \($0)" } ?? ""
    }

    /// As an RFC 9535 path: `$.items[2].price`.
    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("$") { path, key in
            key.intValue.map { "\(path)[\($0)]" } ?? "\(path).\(key.stringValue)"
        }
    }
}

/// Dates as records have them. Foundation's own `.iso8601` refuses fractions of a second, drops them when it writes,
/// and its errors do not say where the date stands.
enum JSONDate {
    private static let whole = Date.ISO8601FormatStyle()
    private static let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    @Sendable static func decode(_ decoder: any Decoder) throws -> Date {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            return try (text.utf8.contains(UInt8(ascii: ".")) ? fractional : whole).parse(text)
        } catch {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text.prefix(100))' is not a date as ISO 8601 writes it: 2026-03-01T12:00:00Z")
        }
    }

    @Sendable static func encode(_ date: Date, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded()
        let isWhole = milliseconds.truncatingRemainder(dividingBy: 1_000) == 0
        try container.encode((isWhole ? whole : fractional).format(date))
    }
}
