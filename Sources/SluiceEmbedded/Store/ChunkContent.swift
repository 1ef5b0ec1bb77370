import Sluice

/// The headers and bodies of one chunk, as they are stored: what was committed together in one queue.
///
/// Immutable and shared: a message that is handed out is a slice of `body`, never a copy.
final class ChunkContent: Sendable {
    let header: [UInt8]
    let body: [UInt8]
    /// Where each message's entry begins in `header`.
    private let entries: [Int]
    /// Where each message's body begins in `body`; one more than there are messages.
    private let offsets: [Int]

    var count: Int { entries.count }
    /// What it costs to keep in memory, roughly.
    var weight: Int { header.count + body.count + 16 * entries.count }

    init(header: [UInt8], body: [UInt8], entries: [Int], offsets: [Int]) {
        self.header = header
        self.body = body
        self.entries = entries
        self.offsets = offsets
    }

    /// Reads a stored chunk. Every length is checked against the bytes that are there.
    convenience init(header: [UInt8], body: [UInt8]) throws(StoreDamage) {
        var reader = ByteReader(header)
        guard try reader.byte() == HeaderCoding.version else { throw StoreDamage("a header of another version") }
        var entries: [Int] = []
        var offsets = [0]
        while !reader.isAtEnd {
            entries.append(reader.position)
            let length = try HeaderCoding.read(from: &reader).bodyLength
            offsets.append(offsets[offsets.count - 1] + length)
        }
        guard offsets[offsets.count - 1] == body.count else {
            throw StoreDamage("bodies of \(body.count) bytes where the headers say \(offsets[offsets.count - 1])")
        }
        self.init(header: header, body: body, entries: entries, offsets: offsets)
    }

    func header(at index: Int) throws(StoreDamage) -> MessageHeader {
        guard entries.indices.contains(index) else { throw StoreDamage("no message \(index) in a chunk of \(count)") }
        var reader = ByteReader(header, at: entries[index])
        return try HeaderCoding.read(from: &reader)
    }

    /// A header and bodies with holes in the places of messages that are not kept.
    func kept(_ isKept: (Int) -> Bool) -> (header: [UInt8], body: [UInt8]) {
        var header = ByteWriter()
        var body: [UInt8] = []
        header.byte(HeaderCoding.version)
        for index in 0..<count {
            if isKept(index) {
                header.raw(entry(at: index))
                body += self.body(at: index)
            } else {
                HeaderCoding.writeHole(to: &header)
            }
        }
        return (header.bytes, body)
    }

    /// A message's header as it is stored.
    func entry(at index: Int) -> Bytes {
        header[entries[index]..<(index + 1 < entries.count ? entries[index + 1] : header.count)]
    }

    func body(at index: Int) -> Bytes { body[offsets[index]..<offsets[index + 1]] }
    func bodyLength(at index: Int) -> Int { offsets[index + 1] - offsets[index] }
}

/// Collects the messages of one queue that are committed together.
struct ChunkBuilder {
    /// A chunk is closed before it grows beyond either: what is rewritten for one message stays small.
    static let mostMessages = 4_096
    static let mostBytes = 1 << 20

    private var header: ByteWriter
    private var body: [UInt8] = []
    private var entries: [Int] = []
    private var offsets = [0]

    /// - Parameter bytes: of bodies that are expected; memory that grows is copied, and is new to the process each time.
    init(reserving bytes: Int = 0) {
        header = ByteWriter(reserving: 4_096)
        body.reserveCapacity(min(bytes, Self.mostBytes))
        header.byte(HeaderCoding.version)
    }

    var count: Int { entries.count }

    func hasRoom(for bytes: Int) -> Bool {
        count == 0 || (count < Self.mostMessages && body.count + bytes <= Self.mostBytes)
    }

    /// - Returns: the message's index in the chunk.
    mutating func append(_ message: MessageHeader, body bytes: Bytes) -> Int {
        entries.append(header.count)
        HeaderCoding.write(message, to: &header)
        body.append(contentsOf: bytes)
        offsets.append(body.count)
        return entries.count - 1
    }

    func finish() -> ChunkContent {
        ChunkContent(header: header.bytes, body: body, entries: entries, offsets: offsets)
    }
}
