import Foundation
import Logging
import Sluice
import Synchronization
import Testing

@testable import SluiceApp

@Suite("Log lines")
struct ConsoleLogHandlerTests {
    private func line(_ format: LogFormat) -> String {
        let lines = Lines()
        let handler = ConsoleLogHandler(
            label: "orders", level: .info, format: format, write: { lines.add($0) }, now: { Timestamp(milliseconds: 0) }
        )
        var logger = Logger(label: "orders") { _ in handler }
        logger[metadataKey: "step"] = "orders/shop"
        logger.debug("not at this level")
        logger.warning("a \"probe\"\nfailed", metadata: ["probes": "3"])
        return lines.text
    }

    @Test("a line for people has everything on one line")
    func text() {
        #expect(
            line(.text) == "1970-01-01T00:00:00.000Z warning a \"probe\"\\nfailed probes=3 step=orders/shop\n")
    }

    @Test("a line of JSON can be read by a collector")
    func json() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line(.json).utf8)) as? [String: String])
        #expect(object["message"] == "a \"probe\"\nfailed")
        #expect(object["step"] == "orders/shop")
        #expect(object["level"] == "warning")
    }
}

private final class Lines: Sendable {
    private let lines = Mutex("")
    func add(_ text: String) { lines.withLock { $0 += text } }
    var text: String { lines.withLock { $0 } }
}
