/// What must never be shown: values that came from `${file:…}` and `${credential:…}`, and the passwords of URLs.
/// Whoever writes a log line, an error or a page passes the text through `mask` first.
package struct Secrets: Hashable, Sendable {
    /// Longest first, so that a secret that holds another is masked whole.
    private var values: [String] = []

    package init() {}

    package var isEmpty: Bool { values.isEmpty }

    package mutating func insert(_ secret: String) {
        add(secret)
        guard secret.contains(where: \.isNewline) else { return }
        // A key in a file has several lines, and who prints it prints it line by line.
        for line in secret.split(whereSeparator: \.isNewline) where line.count >= Self.shortestPart {
            add(String(line))
        }
    }

    private mutating func add(_ secret: String) {
        guard !secret.isEmpty, !values.contains(secret) else { return }
        let position = values.firstIndex { $0.utf8.count < secret.utf8.count } ?? values.endIndex
        values.insert(secret, at: position)
    }

    package mutating func formUnion(_ other: Secrets) {
        for value in other.values { insert(value) }
    }

    /// `text` with every secret replaced by `***`. A secret of fewer than four characters is replaced where it
    /// stands alone: within words it would only make the text unreadable, and be guessed from it.
    package func mask(_ text: String) -> String {
        var text = Self.maskPasswords(inURLsOf: text)
        for secret in values where text.utf8.count >= secret.utf8.count {
            text =
                secret.count < Self.shortest ? Self.mask(word: secret, in: text) : text.replacing(secret, with: "***")
        }
        return text
    }

    /// As `mask`, of a text whose end may have been cut off: the beginning of a secret at its end is replaced too.
    package func maskCut(_ text: String) -> String {
        let text = mask(text)
        for secret in values {
            guard let length = Self.lengthOfBeginning(of: secret, endingIn: text) else { continue }
            return String(text.dropLast(length)) + "***"
        }
        return text
    }

    /// How many characters at the end of `text` are the beginning of `secret`, where they are enough to tell.
    private static func lengthOfBeginning(of secret: String, endingIn text: String) -> Int? {
        var length = min(secret.count - 1, text.count)
        while length >= shortestPart {
            let beginning = secret.prefix(length)
            if text.last == beginning.last, text.hasSuffix(beginning) { return length }
            length -= 1
        }
        return nil
    }

    private static let shortest = 4
    /// Characters of a part of a secret that are worth hiding; fewer stand in texts by chance.
    private static let shortestPart = 8

    private static func mask(word: String, in text: String) -> String {
        var masked = ""
        var rest = text[...]
        while let range = rest.firstRange(of: word) {
            let before = rest[..<range.lowerBound].last
            let after = rest[range.upperBound...].first
            let standsAlone = !(before?.isPartOfWord ?? false) && !(after?.isPartOfWord ?? false)
            masked += rest[..<range.lowerBound]
            masked += standsAlone ? "***" : word
            rest = rest[range.upperBound...]
        }
        return masked + rest
    }

    /// The passwords in `scheme://user:password@host`.
    static func passwords(inURLsOf text: String) -> [String] {
        passwordRanges(of: text).map { String(text[$0]) }
    }

    private static func maskPasswords(inURLsOf text: String) -> String {
        var masked = text
        for range in passwordRanges(of: text).reversed() { masked.replaceSubrange(range, with: "***") }
        return masked
    }

    private static func passwordRanges(of text: String) -> [Range<String.Index>] {
        var ranges: [Range<String.Index>] = []
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            let end = rest[scheme.upperBound...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" || $0.isWhitespace }
            let authority = rest[scheme.upperBound..<(end ?? rest.endIndex)]
            rest = rest[authority.endIndex...]
            guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
                continue
            }
            let password = authority.index(after: colon)..<at
            if !password.isEmpty { ranges.append(password) }
        }
        return ranges
    }
}

extension Character {
    fileprivate var isPartOfWord: Bool { isLetter || isNumber || self == "_" }
}
