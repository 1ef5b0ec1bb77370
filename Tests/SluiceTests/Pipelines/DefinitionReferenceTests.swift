import Foundation
import Testing

@testable import Sluice

@Suite("docs/definition.md")
struct DefinitionReferenceTests {
    /// The part of the page that is made from the table of keys.
    static var reference: String {
        let lines = definitionReference.map { row in
            let fallback = row.fallback ?? "**required**"
            func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
            return "| `\(row.path)` | \(cell(row.form)) | \(cell(fallback)) | \(cell(row.meaning)) |"
        }
        return (["| key | type and range | default | meaning |", "| --- | --- | --- | --- |"] + lines).joined(
            separator: "\n")
    }

    @Test("the page says what the table of keys says; otherwise the expected text is in the failure")
    func page() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/definition.md"), encoding: .utf8)
        #expect(page.contains(Self.reference), "docs/definition.md should hold, line for line:\n\(Self.reference)")
    }

    @Test("every key says what it means, in one or two sentences, and keys are told once")
    func rows() {
        let rows = definitionReference
        #expect(Set(rows.map(\.path)).count == rows.count)
        for row in rows {
            #expect(row.meaning.hasSuffix("."), "\(row.path)")
            #expect(!row.form.isEmpty, "\(row.path)")
        }
    }

    @Test("the limits of AWS that keys keep to are dated, and none was wider in 2020")
    func limits() {
        #expect(Limits.messageSize.now.upperBound == .megabytes(1))
        #expect(Limits.messageSize.in2020?.upperBound == .kilobytes(256))
        #expect(Limits.batch.in2020.map { $0.upperBound <= Limits.batch.now.upperBound } == true)
        #expect(Limits.batchWindow.in2020 == nil)
    }
}
