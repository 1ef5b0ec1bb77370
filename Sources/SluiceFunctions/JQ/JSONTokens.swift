/// Compact JSON, piece by piece: numbers and texts whole, everything else byte by byte.
struct JSONTokens {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What comes next; all numbers are of one kind, whatever they begin with. `nil` = nothing.
    var kind: UInt8? {
        guard position < bytes.count else { return nil }
        return bytes[position].startsNumber ? UInt8(ascii: "0") : bytes[position]
    }

    mutating func next() -> ArraySlice<UInt8> {
        let start = position
        position += 1
        if bytes[start] == UInt8(ascii: "\"") {
            while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position = min(position + 1, bytes.count)
        } else if bytes[start].startsNumber {
            while position < bytes.count, bytes[position].isInNumber { position += 1 }
        }
        return bytes[start..<position]
    }

    static let number = UInt8(ascii: "0")
}

extension UInt8 {
    fileprivate var startsNumber: Bool { self == UInt8(ascii: "-") || isDigit }

    fileprivate var isInNumber: Bool {
        startsNumber || self == UInt8(ascii: ".") || self == UInt8(ascii: "+") || self | 0x20 == UInt8(ascii: "e")
    }
}
