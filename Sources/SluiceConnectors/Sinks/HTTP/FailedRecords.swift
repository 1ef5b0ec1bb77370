import Sluice

/// The records that a good answer (2xx) names as failed: `{"errors": [{"index": 3, "reason": "no such color"}]}`, the
/// index being that in the request, from 0. Other members are ignored.
enum FailedRecords {
    case none
    /// In the order of the request, each once.
    case named([(index: Int, reason: String)])
    /// There are some, and which is not said.
    case notTold

    /// - Parameter count: the records of the request.
    init(_ answer: HTTPAnswer, of count: Int) {
        self = .none
        // What was cut, or is no JSON, names nobody.
        guard answer.isJSON, !answer.isCut, let errors = Self.errors(in: answer.body) else { return }
        var failed: [Int: String] = [:]
        for error in errors {
            guard error.kind == .object, let index = error.member("index"), index.kind == .number,
                let number = Int(index.bytes.text), (0..<count).contains(number)
            else {
                self = .notTold
                return
            }
            failed[number] = failed[number] ?? Self.reason(in: error)
        }
        if !failed.isEmpty { self = .named(failed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) }
    }

    private static func errors(in body: [UInt8]) -> JSONElements? {
        do throws(JSONMistake) {
            let value = try JSONValue(parsing: body[...])
            guard value.kind == .object, let errors = value.member("errors"), errors.kind == .array else { return nil }
            return errors.elements
        } catch {
            return nil
        }
    }

    private static func reason(in error: JSONValue) -> String {
        let text = error.member("reason")?.string ?? error.member("message")?.string
        return text ?? error.bytes.prefix(4_096).text
    }
}
