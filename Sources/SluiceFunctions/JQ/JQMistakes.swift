/// All that jq finds wrong with a program.
package struct JQMistakes: Error, Hashable, Codable {
    package var list: [JQMistake]
}

/// One thing that is wrong with a program.
package struct JQMistake: Hashable, Sendable, Codable {
    /// In jq's own words.
    package var problem: String
    /// Of the program, from 1; `nil` = it is about the whole.
    package var line: Int?
    /// In Unicode scalars, from 1.
    package var column: Int?
    /// What to do, where it is not the program that is at fault.
    package var remedy: String?

    package init(_ problem: String, line: Int? = nil, column: Int? = nil, remedy: String? = nil) {
        self.remedy = remedy
        self.problem = problem
        self.line = line
        self.column = column
    }
}

extension JQMistakes: CustomStringConvertible {
    package var description: String {
        list.map { mistake in
            (mistake.line.map { "line \($0): " } ?? "") + mistake.problem + (mistake.remedy.map { "; \($0)" } ?? "")
        }.joined(separator: "; ")
    }
}

extension JQMistakes {
    /// Reads what jq says: `jq: error: WHAT at <top-level>, line 1:`, from 1.7 on with `, column 5`, and below it the
    /// line that it is in.
    /// - Parameter prelude: what stands before the program, on its first line.
    init(_ messages: [String], in source: String, behind prelude: String) {
        list = []
        for mistake in messages.compactMap({ JQMistake(message: $0, source, prelude.utf8.count) }) {
            // Of one mistake jq says what is wrong, and then what may be the cause.
            if mistake.isHint, list.last?.isSyntax == true {
                list[list.count - 1].problem += " (\(mistake.problem))"
            } else {
                list.append(mistake)
            }
        }
        if list.isEmpty { list = [JQMistake(messages.first ?? "it does not compile")] }
    }
}

extension JQMistake {
    fileprivate var isSyntax: Bool { problem.hasPrefix("syntax error") }
    fileprivate var isHint: Bool { problem.hasPrefix("Possibly unterminated") || problem.hasPrefix("May need ") }

    /// - Returns: `nil` for jq's count of mistakes.
    fileprivate init?(message: String, _ source: String, _ prelude: Int) {
        guard message.wholeMatch(of: /jq: [0-9]+ compile errors?/) == nil else { return nil }
        let place = message.firstMatch(of: /\ at <[^>]*>, line ([0-9]+)(?:, column ([0-9]+))?:/)
        var words = String(place.map { message[..<$0.range.lowerBound] } ?? message[...])
        for noise in ["jq: error: ", " (Unix shell quoting issues?)", " (Windows cmd shell quoting issues?)"] {
            words = words.replacing(noise, with: "")
        }
        let wantsFiles = words.contains("unexpected import") || words.contains("unexpected include")
        let remedy = wantsFiles ? "a program here reads no files: write what it needs into it" : nil
        guard let place, let line = Int(place.output.1) else {
            self.init(words, remedy: remedy)
            return
        }
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines.indices.contains(line - 1) ? lines[line - 1] : ""
        let before = line == 1 ? prelude : 0
        // jq 1.6 does not say the column, but writes as many spaces behind the line.
        let offset =
            place.output.2.flatMap { Int($0) }.map { $0 - 1 }
            ?? message[place.range.upperBound...].utf8.count - 1 - before - text.utf8.count
        let scalars = String(decoding: text.utf8.prefix(max(0, offset - before)), as: UTF8.self).unicodeScalars.count
        self.init(words, line: line, column: scalars + 1, remedy: remedy)
    }
}

/// Collects what jq says of a program.
final class JQMessages {
    private(set) var texts: [String] = []

    static func at(_ context: UnsafeMutableRawPointer?) -> JQMessages? {
        context.map { Unmanaged<JQMessages>.fromOpaque($0).takeUnretainedValue() }
    }

    func add(_ message: consuming JQValue) {
        texts.append(message.text())
    }
}
