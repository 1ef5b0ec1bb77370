import Sluice

/// Turns Latin-1 and UTF-16 into UTF-8. Offsets behind it count the bytes of the UTF-8.
final class TextDecoder: ByteSource {
    enum Encoding { case latin1, utf16LittleEndian, utf16BigEndian }

    private let source: any ByteSource
    private let encoding: Encoding
    /// UTF-8 that nobody has read yet.
    private var ready: ArraySlice<UInt8> = []
    /// The first byte of a unit, or the first unit of a pair, whose rest has not come yet.
    private var odd: [UInt8] = []
    private var fault: StreamFault?

    init(_ source: any ByteSource, from encoding: Encoding) {
        self.source = source
        self.encoding = encoding
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while ready.isEmpty {
            if let fault { throw fault }
            let more = try source.first(64 << 10)
            if more.isEmpty {
                guard odd.isEmpty else {
                    throw StreamFault(type: "truncated", reason: "its last UTF-16 character is cut off")
                }
                return 0
            }
            ready = (encoding == .latin1 ? latin1(more) : utf16(odd + more))[...]
        }
        let count = min(ready.count, buffer.count)
        buffer.copyBytes(from: ready.prefix(count))
        ready = ready.dropFirst(count)
        return count
    }

    private func latin1(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + bytes.count / 4)
        for byte in bytes {
            if byte < 0x80 {
                text.append(byte)
            } else {
                text.append(0xC0 | byte >> 6)
                text.append(0x80 | byte & 0x3F)
            }
        }
        return text
    }

    private func utf16(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 3 / 2)
        var place = 0
        while bytes.count - place >= 2 {
            let unit = unit(of: bytes, at: place)
            if UTF16.isLeadSurrogate(unit) {
                guard bytes.count - place >= 4 else { break }
                let second = self.unit(of: bytes, at: place + 2)
                guard UTF16.isTrailSurrogate(second) else { return stop(text) }
                text.append(contentsOf: String(decoding: [unit, second], as: UTF16.self).utf8)
                place += 4
            } else {
                guard let scalar = Unicode.Scalar(unit) else { return stop(text) }
                text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
                place += 2
            }
        }
        odd = Array(bytes[place...])
        return text
    }

    private func unit(of bytes: [UInt8], at place: Int) -> UInt16 {
        let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
        return encoding == .utf16BigEndian ? first << 8 | second : second << 8 | first
    }

    private func stop(_ text: [UInt8]) -> [UInt8] {
        fault = StreamFault(type: "encoding", reason: "it is no UTF-16: half of a pair of surrogates stands alone")
        odd = []
        return text
    }
}
