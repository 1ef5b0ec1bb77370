import Sluice

/// The part of a text that is being looked at. What was taken out of it stays as it is: records are slices of its
/// blocks, and nothing is copied but what stands across two of them.
struct StreamWindow {
    private let source: any ByteSource
    /// The present block; what stands before `start` is done with.
    private(set) var block: [UInt8] = []
    private(set) var start = 0
    /// Of `block[start]`, in the text.
    private(set) var offset: Int64
    /// The line that `start` stands in, from 1.
    private(set) var line: Int64
    private var isExhausted = false
    /// The first bytes of what is being passed over.
    private var beginning: [UInt8]?

    /// Bytes that are read at once.
    private static let piece = 256 << 10

    init(_ source: any ByteSource, at position: SourcePosition) {
        self.source = source
        offset = position.offset
        line = position.line
    }

    /// What can be looked at without reading more.
    var count: Int { block.count - start }

    /// Reads more behind what is there.
    /// - Returns: false = there is no more.
    mutating func more() throws -> Bool {
        if isExhausted { return false }
        let rest = count
        var got = 0
        let (former, start) = (block, start)
        let source = source
        block = try [UInt8](unsafeUninitializedCapacity: rest + max(Self.piece, rest)) { buffer, initialized in
            former.withUnsafeBufferPointer { bytes in
                let kept = UnsafeBufferPointer(rebasing: bytes[start...])
                _ = UnsafeMutableBufferPointer(rebasing: buffer[..<rest]).initialize(fromContentsOf: kept)
            }
            initialized = rest
            got = try source.read(
                into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[rest...])))
            initialized = rest + got
        }
        self.start = 0
        isExhausted = got == 0
        return got > 0
    }

    /// Leaves so many bytes behind.
    /// - Parameter lines: ends of lines among them.
    mutating func advance(_ count: Int, lines: Int = 0) {
        if let kept = beginning?.count, kept < BrokenRecord.longest {
            let more = slice(0..<min(count, BrokenRecord.longest - kept))
            beginning?.append(contentsOf: more)
        }
        start += count
        offset += Int64(count)
        line += Int64(lines)
    }

    /// Passes over what is no record.
    /// - Returns: the first bytes of it.
    mutating func passingOver(_ body: (inout StreamWindow) throws -> Void) throws -> Bytes {
        beginning = []
        defer { beginning = nil }
        try body(&self)
        return (beginning ?? [])[...]
    }

    mutating func advanceToEnd() throws {
        repeat { advance(count) } while try more()
    }

    /// The bytes from `from` on, counted from `start`.
    func slice(_ range: Range<Int>) -> Bytes { block[start + range.lowerBound..<start + range.upperBound] }

    func byte(_ index: Int) -> UInt8 { block[start + index] }

    /// Where the byte stands next, counted from `start`; `nil` = not among what is there.
    func firstIndex(of byte: UInt8, from: Int = 0) -> Int? {
        block.withUnsafeBufferPointer { bytes in
            let rest = bytes.count - start - from
            guard rest > 0, let base = bytes.baseAddress,
                let found = memchr(base + start + from, CInt(byte), rest)
            else { return nil }
            return UnsafeRawPointer(base + start).distance(to: UnsafeRawPointer(found))
        }
    }

    /// Ends of lines among the first `count` bytes.
    func lineEnds(in count: Int) -> Int { slice(0..<count).count { $0 == UInt8(ascii: "\n") } }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
