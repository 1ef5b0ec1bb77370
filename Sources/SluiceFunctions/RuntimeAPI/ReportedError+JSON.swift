import Foundation
import Sluice

extension ReportedError {
    private struct Document: Decodable {
        var errorMessage: String?
        var errorType: String?
        var stackTrace: [Line]?
    }

    /// A line of a stack trace: text in most runtimes. What is something else in others is left out, not the whole trace.
    private struct Line: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            text = (try? container.decode(String.self)) ?? ""
        }
    }

    /// The most that is kept of a message, in bytes: it goes into the history of every record it concerns.
    private static let longestMessage = 4_096
    private static let mostLines = 100

    /// Reads the body of an error report, whatever it is; `header` is `Lambda-Runtime-Function-Error-Type`.
    init(body: [UInt8], header: String?) {
        do {
            let document = try JSONDecoder().decode(Document.self, from: Data(body))
            self.init(
                message: Self.shortened(document.errorMessage ?? ""), type: document.errorType ?? header,
                stackTrace: (document.stackTrace ?? []).prefix(Self.mostLines).map { Self.shortened($0.text) })
        } catch {
            let text = String(decoding: body.prefix(Self.longestMessage + 1), as: UTF8.self)
            self.init(message: Self.shortened(text), type: header, stackTrace: [])
        }
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= longestMessage
            ? text : String(decoding: text.utf8.prefix(longestMessage), as: UTF8.self) + "…"
    }
}
