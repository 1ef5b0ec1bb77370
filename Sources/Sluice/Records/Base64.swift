/// Base64 as AWS writes and reads it: RFC 4648, the alphabet with `+` and `/`, padded, without line breaks.
package enum Base64 {
    /// Why text is not base64.
    package struct Mistake: Error, Hashable, CustomStringConvertible {
        /// Continues "its data".
        package let description: String
    }

    static func encodedLength(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    package static func append(_ bytes: Bytes, to target: inout [UInt8]) {
        let length = encodedLength(bytes.count)
        guard length > 0 else { return }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { buffer in
            bytes.withUnsafeBufferPointer { encode($0, into: buffer) }
            target.append(contentsOf: buffer)
        }
    }

    /// - Parameter target: has room for all of it.
    private static func encode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>) {
        alphabet.withUnsafeBufferPointer { alphabet in
            var read = 0
            var written = 0
            while read < source.count {
                let left = source.count - read
                let second = left > 1 ? source[read + 1] : 0
                let third = left > 2 ? source[read + 2] : 0
                let bits = UInt32(source[read]) << 16 | UInt32(second) << 8 | UInt32(third)
                target.initializeElement(at: written, to: alphabet[Int(bits >> 18)])
                target.initializeElement(at: written + 1, to: alphabet[Int(bits >> 12 & 63)])
                target.initializeElement(at: written + 2, to: left > 1 ? alphabet[Int(bits >> 6 & 63)] : padding)
                target.initializeElement(at: written + 3, to: left > 2 ? alphabet[Int(bits & 63)] : padding)
                read += 3
                written += 4
            }
        }
    }

    package static func decode(_ text: Bytes) throws(Mistake) -> [UInt8] {
        try text.withUnsafeBufferPointer { (text) throws(Mistake) in try decode(text) }
    }

    static func decode(_ text: UnsafeBufferPointer<UInt8>) throws(Mistake) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        let paddings = text.suffix(2).reversed().prefix { $0 == padding }.count
        let digits = text.count - paddings
        var wrong: Int?
        let decoded = [UInt8](unsafeUninitializedCapacity: digits / 4 * 3 + 3) { target, count in
            (wrong, count) = decode(text, digits: digits, into: target)
        }
        if let wrong { throw Mistake(description: describe(text[wrong], at: wrong)) }
        guard text.count % 4 == 0 else {
            throw Mistake(
                description:
                    "is not base64: it has \(text.count) characters, and base64 with its padding has a multiple "
                    + "of 4")
        }
        return decoded
    }

    /// - Returns: the first byte that is no digit, or how many bytes were written.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>, digits: Int, into target: UnsafeMutableBufferPointer<UInt8>
    ) -> (wrong: Int?, count: Int) {
        values.withUnsafeBufferPointer { values in
            var bits: UInt32 = 0
            var written = 0
            for index in 0..<digits {
                let value = values[Int(text[index])]
                guard value < 64 else { return (index, written) }
                bits = bits << 6 | UInt32(value)
                // Four digits are three bytes, three are two, two are one.
                guard index & 3 != 0 else { continue }
                let shift = UInt32(6 - 2 * (index & 3))
                target.initializeElement(at: written, to: UInt8(truncatingIfNeeded: bits >> shift))
                written += 1
            }
            return (nil, written)
        }
    }

    private static func describe(_ byte: UInt8, at offset: Int) -> String {
        switch byte {
        case 0x0A, 0x0D: "is not base64 in one line: it has a line break at character \(offset)"
        case UInt8(ascii: "-"), UInt8(ascii: "_"):
            "is not base64 in the standard alphabet but URL-safe base64: it has a "
                + "'\(Character(UnicodeScalar(byte)))' at character \(offset)"
        default: "is not base64: it has \(JSONMistake.shown(byte)) at character \(offset)"
        }
    }

    private static let padding = UInt8(ascii: "=")
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// What each byte stands for; 255 = it is no digit.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
