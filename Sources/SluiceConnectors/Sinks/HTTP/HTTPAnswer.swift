import NIOHTTP1
import Sluice

/// What came back for a request.
struct HTTPAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    /// At most `longest` bytes of it.
    let body: [UInt8]
    /// There was more.
    let isCut: Bool

    /// In bytes: nobody reads a longer one.
    static let longest = 1 << 20

    var isRedirect: Bool { (300..<400).contains(status) }

    /// As `errors: match:` and a dead letter name it.
    var type: String { "http:\(status)" }

    var isJSON: Bool { headers.first(name: "Content-Type")?.lowercased().contains("json") ?? false }

    /// The beginning of the body as text.
    /// - Parameter limit: in bytes.
    func excerpt(_ limit: Int, masking secrets: Secrets) -> String {
        // More than is shown, so that a secret at the end is seen whole.
        AnswerText.line(String(decoding: body.prefix(2 * limit + 4_096), as: UTF8.self), limit, masking: secrets)
    }
}

/// What a service wrote, for people.
enum AnswerText {
    /// One line without control characters and secrets.
    /// - Parameter limit: in bytes.
    static func line(_ text: String, _ limit: Int, masking secrets: Secrets) -> String {
        var safe = ""
        for scalar in secrets.mask(text).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: safe += " "
            default: safe.unicodeScalars.append(scalar)
            }
        }
        let line = safe.split(separator: " ").joined(separator: " ")
        guard line.utf8.count > limit else { return line }
        var cut = String(decoding: line.utf8.prefix(limit), as: UTF8.self)
        // A character that was cut in two.
        if cut.last == "\u{FFFD}" { cut.removeLast() }
        return cut
    }
}
