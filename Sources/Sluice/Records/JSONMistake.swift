/// Why bytes are not JSON: the first thing that is wrong, and where.
package struct JSONMistake: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd
        /// This byte stands where something else was expected.
        case unexpected(UInt8, wanted: Wanted)
        case invalidUTF8
        /// A control character that must be written as an escape.
        case control(UInt8)
        case escape
        /// Half of a pair of `\u` escapes: no character.
        case surrogate
        case tooDeep
        case trailing
        case byteOrderMark
    }

    package enum Wanted: String, Hashable, Sendable {
        case value = "a value"
        case name = "a member's name in double quotes"
        case nameOrEnd = "a member's name in double quotes, or '}'"
        case colon = "':'"
        case commaOrBrace = "',' or '}'"
        case commaOrBracket = "',' or ']'"
        case digit = "a digit"
        case noLeadingZero = "no digit after a leading zero"
        case object = "an object"
    }

    /// Counted in bytes from 0, from the start of the document.
    package let offset: Int
    package let reason: Reason
}

extension JSONMistake: CustomStringConvertible {
    /// One sentence for people, the byte included: `not JSON: unexpected end at byte 73`.
    package var description: String { "not JSON: \(message)" }

    package var message: String {
        switch reason {
        case .unexpectedEnd: "unexpected end at byte \(offset)"
        case .unexpected(let byte, let wanted):
            "\(Self.shown(byte)) at byte \(offset), where \(wanted.rawValue) was expected"
        case .invalidUTF8: "the text is not UTF-8 at byte \(offset)"
        case .control(let byte): "\(Self.shown(byte)) inside a string at byte \(offset); write it as an escape"
        case .escape: "an escape that does not exist at byte \(offset)"
        case .surrogate: "half of a surrogate pair, which is no character, at byte \(offset)"
        case .tooDeep: "more than \(JSONScanner.deepest) levels deep at byte \(offset)"
        case .trailing: "more text after the end of the value, at byte \(offset)"
        case .byteOrderMark: "a byte order mark at byte \(offset); write UTF-8 without one"
        }
    }

    /// A byte for people: `'x'`, `byte 0x0A`.
    static func shown(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte)
            ? "'\(Character(UnicodeScalar(byte)))'"
            : "byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
    }
}
