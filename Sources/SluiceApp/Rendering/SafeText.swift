import Sluice

/// Text of unknown origin, made safe for a terminal: a record must not be able to move the cursor or change colours.
enum SafeText {
    /// One line: control characters are escaped, line ends too.
    static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) { safe += escape(scalar.value) } else { safe.unicodeScalars.append(scalar) }
        }
        return safe
    }

    /// Text of several lines, each made safe; tabs stay, as in Lambda's REPORT.
    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map { Self.line(String($0)) }
                .joined(separator: "\t")
        }
    }

    /// A body for people: text as it is, where it is text; any byte that is not as `\xNN`. At most `limit` bytes.
    static func body(_ bytes: some Collection<UInt8>, limit: Int = 64 << 10) -> String {
        var safe = ""
        var decoder = UTF8()
        var iterator = bytes.prefix(limit).makeIterator()
        var position = bytes.startIndex
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: break decoding
            case .error:
                safe += escape(UInt32(bytes[position]))
                position = bytes.index(after: position)
                // Begins again behind the bad byte, so that every byte of a broken sequence is shown.
                decoder = UTF8()
                iterator = bytes[position...].prefix(
                    max(0, limit - bytes.distance(from: bytes.startIndex, to: position))
                )
                .makeIterator()
            case .scalarValue(let scalar):
                position = bytes.index(position, offsetBy: UTF8.width(scalar))
                if isUnsafe(scalar), scalar != "\n", scalar != "\t" {
                    safe += escape(scalar.value)
                } else {
                    safe.unicodeScalars.append(scalar)
                }
            }
        }
        let rest = bytes.count - limit
        return rest > 0 ? safe + "… (\(Numbers.grouped(rest)) more bytes)" : safe
    }

    /// C0, DEL, C1, and the marks that change the direction of what follows.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ value: UInt32) -> String {
        switch value {
        case 0x0A: return "\\n"
        case 0x0D: return "\\r"
        case 0x09: return "\\t"
        case ..<0x100:
            let digits = String(value, radix: 16)
            return "\\x" + (digits.count < 2 ? "0" : "") + digits
        default: return "\\u{" + String(value, radix: 16) + "}"
        }
    }
}

enum Numbers {
    /// `1,234,567`.
    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// `1 message`, `1,234 messages`.
    static func counted(_ number: Int, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// `4.1 MB`; MB is 2^20.
    static func bytes(_ count: Int) -> String {
        guard count >= 1_024 else { return "\(count) bytes" }
        var value = Double(count) / 1_024
        var unit = 0
        let units = ["KB", "MB", "GB", "TB"]
        while value >= 1_024, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        return "\((value * 10).rounded() / 10) \(units[unit])"
    }
}
