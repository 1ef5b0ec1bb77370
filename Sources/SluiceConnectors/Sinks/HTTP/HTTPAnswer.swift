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

    /// The beginning of the body as text of one line.
    /// - Parameter limit: in bytes of the body.
    func excerpt(_ limit: Int, masking secrets: Secrets) -> String {
        var text = String(decoding: body.prefix(limit), as: UTF8.self)
        // A character that was cut in two.
        if body.count > limit, text.last == "\u{FFFD}" { text.removeLast() }
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: safe += " "
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return secrets.mask(safe.split(separator: " ").joined(separator: " "))
    }
}
