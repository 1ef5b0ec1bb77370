import Foundation

/// What went wrong with one record, before `errors:` has had its say.
package struct Problem: Error, Sendable, Hashable {
    /// What becomes of the record when no rule matches.
    package enum Remedy: Sendable, Hashable { case retry, reject }

    package var reason: String
    package var type: String?
    package var remedy: Remedy

    package init(reason: String, type: String?, remedy: Remedy) {
        self.reason = reason
        self.type = type
        self.remedy = remedy
    }

    /// A thrown error: retried, for it may have been the moment's fault.
    package init(_ error: any Error) {
        self.init(reason: "\(error)", type: "\(Swift.type(of: error))", remedy: .retry)
    }
}

/// The `errors:` of a step, ready to be asked: the first rule that matches wins.
package struct ErrorRules: Sendable {
    private enum Matcher: Sendable {
        /// Text between `*` wildcards, matched against the whole type.
        case type([String])
        case message(NSRegularExpression)
    }

    /// Why a rule's `match` cannot be used.
    package struct Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    private let rules: [(matcher: Matcher, verdict: ErrorRule.Verdict)]

    package init(_ rules: [ErrorRule]) throws(Mistake) {
        var compiled: [(matcher: Matcher, verdict: ErrorRule.Verdict)] = []
        for rule in rules { compiled.append((try Self.matcher(rule.match), rule.then)) }
        self.rules = compiled
    }

    package func verdict(on problem: Problem) -> ErrorRule.Verdict {
        match(problem) ?? (problem.remedy == .retry ? .retry : .reject)
    }

    /// What the first rule that matches says; `nil` = none does.
    package func match(_ problem: Problem) -> ErrorRule.Verdict? {
        rules.first { Self.matches($0.matcher, problem) }?.verdict
    }

    private static func matcher(_ match: String) throws(Mistake) -> Matcher {
        guard match.count > 2, match.hasPrefix("/"), match.hasSuffix("/") else {
            // `http:4xx`: all answers of a class.
            let isClass = match.wholeMatch(of: /http:[1-5]xx/) != nil
            let pattern = isClass ? match.dropLast(2) + "*" : match[...]
            return .type(pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init))
        }
        do {
            return .message(try NSRegularExpression(pattern: String(match.dropFirst().dropLast())))
        } catch {
            throw Mistake(description: "\(match) is not a regular expression; write /text/ or an error type")
        }
    }

    private static func matches(_ matcher: Matcher, _ problem: Problem) -> Bool {
        switch matcher {
        case .message(let expression):
            let text = String(problem.reason.prefix(Failure.longestReason))
            return expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        case .type(let parts):
            return matches(parts, problem.type ?? "")
        }
    }

    /// `parts` is what stands between the wildcards of a pattern: `["sql:", ""]` for `sql:*`.
    private static func matches(_ parts: [String], _ text: String) -> Bool {
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return parts.first == text }
        guard text.hasPrefix(first), text.hasSuffix(last), text.count >= first.count + last.count else { return false }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.range(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
