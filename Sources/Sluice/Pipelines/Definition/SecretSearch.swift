/// Finds secrets in a text in one pass over its bytes, however many there are: a key in a file is a secret for each of
/// its lines, and every line of a log is looked through.
struct SecretSearch: Sendable {
    private struct Secret: Sendable {
        let bytes: [UInt8]
        /// Bytes of its first characters: fewer of them before a cut are no part of it that tells anything.
        let shortestBeginning: Int
        /// The same, where nobody knows of a cut: fewer stand at the end of a text by chance.
        let shortestChance: Int
    }

    /// By the first byte, the longest first.
    private var secrets: [[Secret]] = Array(repeating: [], count: 256)
    private var longest = 0

    /// `…`: who cuts a text puts it there.
    private static let ellipsis = Array("…".utf8)
    /// What decoding makes of a character that was cut.
    private static let replacement = Array("\u{FFFD}".utf8)

    mutating func insert(_ secret: String) {
        let bytes = Array(secret.utf8)
        guard let first = bytes.first else { return }
        let added = Secret(
            bytes: bytes, shortestBeginning: secret.prefix(Secrets.shortest).utf8.count,
            shortestChance: secret.prefix(Secrets.shortestPart).utf8.count)
        let alike = secrets[Int(first)]
        let position = alike.firstIndex { $0.bytes.count < bytes.count } ?? alike.endIndex
        secrets[Int(first)].insert(added, at: position)
        longest = max(longest, bytes.count)
    }

    /// Where secrets stand, and beginnings of secrets before a cut, in order; those that overlap are one.
    func ranges(in text: UnsafeBufferPointer<UInt8>, end: Secrets.End) -> [Range<Int>] {
        guard longest > 0 else { return [] }
        var found: [Range<Int>] = []
        for start in text.indices {
            if let secret = secrets[Int(text[start])].first(where: { stands($0, in: text, at: start) }) {
                found.append(start..<start + secret.bytes.count)
            }
            if text[start] == Self.ellipsis[0], Self.holds(Self.ellipsis, text, at: start),
                let beginning = beginning(in: text, before: start, \.shortestBeginning)
            {
                found.append(beginning)
            }
        }
        switch end {
        case .whole: break
        case .open: beginning(in: text, before: text.count, \.shortestChance).map { found.append($0) }
        case .cut: beginning(in: text, before: text.count, \.shortestBeginning).map { found.append($0) }
        }
        return Self.joined(found)
    }

    private func stands(_ secret: Secret, in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        secret.bytes.count <= text.count - start && Self.holds(secret.bytes, text, at: start)
    }

    /// The longest beginning of a secret that ends at `cut`, with what is left of a character that was cut.
    private func beginning(
        in text: UnsafeBufferPointer<UInt8>, before cut: Int, _ shortest: (Secret) -> Int
    ) -> Range<Int>? {
        var end = cut
        while end >= Self.replacement.count, Self.holds(Self.replacement, text, at: end - Self.replacement.count) {
            end -= Self.replacement.count
        }
        return (max(0, end - longest + 1)..<end).first { start in
            let length = end - start
            return secrets[Int(text[start])].contains { secret in
                length < secret.bytes.count && length >= shortest(secret)
                    && Self.holds(secret.bytes[..<length], text, at: start)
            }
        }.map { $0..<cut }
    }

    private static func holds(
        _ bytes: some Collection<UInt8>, _ text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> Bool {
        guard bytes.count <= text.count - start else { return false }
        var place = start
        for byte in bytes {
            guard text[place] == byte else { return false }
            place += 1
        }
        return true
    }

    private static func joined(_ found: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, range.lowerBound < last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
