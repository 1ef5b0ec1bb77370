import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Cuts a stream of bytes into lines, in constant memory whatever the lines are: a line that is longer than allowed is
/// counted and dropped while it passes.
///
/// A line ends with LF or CRLF, or with the input. Empty lines are skipped. Bytes are not looked at otherwise.
struct LineSplitter {
    /// What a piece of input came to.
    struct Output: Sendable, Equatable {
        var lines: [Line] = []
        var tooLong: [TooLong] = []
    }

    struct Line: Sendable, Equatable {
        /// From 1; empty and refused lines count.
        var number: Int
        var body: Bytes
    }

    struct TooLong: Sendable, Equatable {
        var number: Int
        /// Its length in bytes, without the line end.
        var length: Int
    }

    /// The longest line taken, in bytes, without its end.
    let longest: Int
    /// Lines at the beginning that were stored before.
    let skip: Int

    /// The line that is being read, from 1.
    private var number = 1
    /// Its beginning, from earlier pieces; empty while it is being dropped.
    private var carried: [UInt8] = []
    /// Its length so far in earlier pieces.
    private var carriedLength = 0
    private var endsWithCR = false
    private(set) var emptyLines = 0

    init(longest: Int, skip: Int = 0) {
        self.longest = longest
        self.skip = skip
    }

    /// What is kept of a line that has not ended yet.
    var heldBytes: Int { carried.count }

    /// Lines that have ended, of any kind.
    var linesRead: Int { number - 1 }

    /// - Parameter piece: lines that lie in it whole are slices of it.
    mutating func consume(_ piece: Bytes, into output: inout Output) {
        var rest = piece
        while let end = Self.newline(in: rest) {
            endLine(rest[rest.startIndex..<end], into: &output)
            rest = rest[(end + 1)...]
        }
        carry(rest)
    }

    /// The input has ended; a last line without an end counts.
    mutating func finish(into output: inout Output) {
        if carriedLength > 0 { endLine([], into: &output) }
    }

    private mutating func endLine(_ tail: Bytes, into output: inout Output) {
        defer {
            number += 1
            carried.removeAll(keepingCapacity: true)
            carriedLength = 0
        }
        let lastIsCR = tail.isEmpty ? endsWithCR && carriedLength > 0 : tail.last == UInt8(ascii: "\r")
        let length = carriedLength + tail.count - (lastIsCR ? 1 : 0)
        guard number > skip else { return }
        guard length > 0 else {
            emptyLines += 1
            return
        }
        guard length <= longest else {
            output.tooLong.append(TooLong(number: number, length: length))
            return
        }
        output.lines.append(Line(number: number, body: body(tail, length: length)))
    }

    private func body(_ tail: Bytes, length: Int) -> Bytes {
        guard carriedLength > 0 else { return tail.prefix(length) }
        return (carried + tail).prefix(length)
    }

    /// Keeps the beginning of a line that goes on in the next piece, unless it is too long already.
    private mutating func carry(_ rest: Bytes) {
        guard let last = rest.last else { return }
        endsWithCR = last == UInt8(ascii: "\r")
        carriedLength += rest.count
        // One more than allowed: the last byte may be the CR of a CRLF.
        if carriedLength <= longest + 1, number > skip {
            carried += rest
        } else {
            carried = []
        }
    }

    private static func newline(in bytes: Bytes) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, let found = memchr(start, 0x0A, buffer.count) else { return nil }
            return bytes.startIndex + start.distance(to: UnsafeRawPointer(found))
        }
    }
}
