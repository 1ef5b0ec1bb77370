extension [UInt8] {
    /// Appends a text as JSON writes it, quotes included.
    package mutating func appendJSON(_ text: String) {
        var text = text
        text.withUTF8 { appendJSON(utf8: $0) }
    }

    /// The same, of a text's UTF-8.
    package mutating func appendJSON(utf8 bytes: [UInt8]) { bytes.withUnsafeBufferPointer { appendJSON(utf8: $0) } }

    package mutating func appendJSON(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        append(.quote)
        // What needs no escape is copied at once.
        var copied = 0
        while let position = JSONScanner.firstEscaped(in: bytes, from: copied) {
            append(contentsOf: UnsafeBufferPointer(rebasing: bytes[copied..<position]))
            appendEscaped(bytes[position])
            copied = position + 1
        }
        append(contentsOf: UnsafeBufferPointer(rebasing: bytes[copied...]))
        append(.quote)
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        if byte == .quote || byte == .backslash {
            append(.backslash)
            append(byte)
        } else {
            append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
        }
    }
}
