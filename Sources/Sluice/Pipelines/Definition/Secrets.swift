/// What must never be shown: values that came from `${file:…}` and `${credential:…}`, and the passwords of URLs.
/// Whoever writes a log line, an error or a page passes the text through `mask` first.
package struct Secrets: Hashable, Sendable {
    /// How a text ends.
    package enum End: Sendable {
        /// As whoever wrote it meant it to.
        case whole
        /// That, or within a word: a process that is killed has written half a line.
        case open
        /// It was cut.
        case cut
    }

    private var values: Set<String> = []
    /// Of them those that are replaced wherever they stand.
    private var search = SecretSearch()
    /// And those that are too short for it.
    private var words: [String] = []

    /// Characters of a secret that is replaced within words too, and of a beginning that is left of one.
    static let shortest = 4
    /// Characters of a part of a secret that is worth hiding although nobody says that it is one; fewer stand in texts
    /// by chance.
    static let shortestPart = 8

    package init() {}

    /// Whichever came first.
    package static func == (left: Secrets, right: Secrets) -> Bool { left.values == right.values }
    package func hash(into hasher: inout Hasher) { hasher.combine(values) }

    package var isEmpty: Bool { values.isEmpty }

    package mutating func insert(_ secret: String) {
        add(secret)
        guard secret.contains(where: \.isNewline) else { return }
        // A key in a file has several lines, and who prints it prints it line by line.
        for line in secret.split(whereSeparator: \.isNewline) {
            let line = line.trimmingPrefix(while: \.isWhitespace)
            let part = line.lastIndex { !$0.isWhitespace }.map { line[...$0] } ?? ""
            if part.count >= Self.shortestPart { add(String(part)) }
        }
    }

    private mutating func add(_ secret: String) {
        guard !secret.isEmpty, values.insert(secret).inserted else { return }
        if secret.count < Self.shortest {
            words.append(secret)
        } else {
            search.insert(secret)
        }
    }

    package mutating func formUnion(_ other: Secrets) {
        for value in other.values.sorted() { insert(value) }
    }

    /// `text` with every secret replaced by `***`, and where the text was cut (at `…`, and at its end if `end` says so)
    /// what is left of one. A secret of fewer than four characters is replaced where it stands alone: within words it
    /// would only make the text unreadable, and be guessed from it.
    package func mask(_ text: String, end: End = .whole) -> String {
        var text = Self.maskPasswords(inURLsOf: text)
        let ranges = text.withUTF8 { search.ranges(in: $0, end: end) }
        if !ranges.isEmpty { text = Self.replace(ranges, of: text) }
        for word in words { text = Self.mask(word: word, in: text) }
        return text
    }

    private static func replace(_ ranges: [Range<Int>], of text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var masked: [UInt8] = []
            masked.reserveCapacity(bytes.count)
            var end = 0
            for range in ranges {
                masked += bytes[end..<range.lowerBound]
                masked += "***".utf8
                end = range.upperBound
            }
            masked += bytes[end...]
            return String(decoding: masked, as: UTF8.self)
        }
    }

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
        guard masked.withUTF8(hasAddress) else { return text }
        for range in passwordRanges(of: text).reversed() { masked.replaceSubrange(range, with: "***") }
        return masked
    }

    /// Bytes are looked through faster than characters, and few texts have an address.
    private static func hasAddress(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let (colon, slash) = (UInt8(ascii: ":"), UInt8(ascii: "/"))
        return text.indices.dropLast(2).contains { place in
            text[place] == colon && text[place + 1] == slash && text[place + 2] == slash
        }
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
