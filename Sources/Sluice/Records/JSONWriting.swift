extension [UInt8] {
    /// Appends a text as JSON writes it, quotes included.
    package mutating func appendJSON(_ text: String) {
        append(.quote)
        for byte in text.utf8 {
            if byte == .quote || byte == .backslash {
                append(.backslash)
                append(byte)
            } else if byte < 0x20 {
                append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            } else {
                append(byte)
            }
        }
        append(.quote)
    }
}
