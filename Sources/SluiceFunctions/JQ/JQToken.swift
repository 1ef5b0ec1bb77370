/// The pieces of what jq writes: numbers, texts, and single bytes between them.
enum JQToken {
    /// The piece that begins at `place`, which is behind it then.
    static func next(_ bytes: [UInt8], _ place: inout Int) -> ArraySlice<UInt8> {
        let start = place
        place += 1
        if bytes[start] == UInt8(ascii: "\"") {
            while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
                place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
            }
            place = min(place + 1, bytes.count)
        } else if bytes[start].startsNumber {
            while place < bytes.count, bytes[place].isInNumber { place += 1 }
        }
        return bytes[start..<place]
    }
}

extension UInt8 {
    var startsNumber: Bool { self == UInt8(ascii: "-") || self &- UInt8(ascii: "0") < 10 }

    var isInNumber: Bool {
        startsNumber || self == UInt8(ascii: ".") || self == UInt8(ascii: "+") || self | 0x20 == UInt8(ascii: "e")
    }

    /// Numbers may begin with different digits; everything else begins alike.
    var kind: UInt8 { startsNumber ? UInt8(ascii: "0") : self }
}
