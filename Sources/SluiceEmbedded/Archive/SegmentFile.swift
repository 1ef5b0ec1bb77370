import CZstd
import Foundation
import Sluice

/// A file of raw copies that are done with: chunks of one queue that arrived in one hour, compressed, immutable.
///
///     "SLUISEG1"
///     frames: Zstandard with a checksum; each the header and the body of some chunks, one behind the other
///     index:  frames (offset, length, bytes in it), chunks (number, arrival, messages, bytes, frame, lengths)
///     tail:   the index's offset, length and CRC-32, eight bytes each, and "SLUISEGE"
enum SegmentFormat {
    static let beginning = Array("SLUISEG1".utf8)
    static let end = Array("SLUISEGE".utf8)
    static let tailLength = 32
    /// Bytes of chunks in one frame, but at least one chunk: small ones compress better together.
    static let frame = 256 << 10
    /// What zstd itself takes unless it is asked for more: fast.
    static let level: Int32 = 3
}

/// What a segment says of itself, at its end.
struct SegmentIndex: Sendable, Hashable {
    struct Frame: Sendable, Hashable {
        var offset: Int
        var length: Int
        /// Decompressed.
        var size: Int
    }

    struct Entry: Sendable, Hashable {
        var row: RawCopyRow
        var frame: Int
        /// In the decompressed frame.
        var start: Int
        var headerLength: Int
        var bodyLength: Int
    }

    var frames: [Frame] = []
    /// In ascending order of their chunks.
    var entries: [Entry] = []

    func entry(of chunk: Int64) -> Entry? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].row.chunk < chunk { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].row.chunk == chunk ? entries[low] : nil
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 32 * entries.count)
        writer.number(frames.count)
        for frame in frames {
            writer.number(frame.offset)
            writer.number(frame.length)
            writer.number(frame.size)
        }
        writer.number(entries.count)
        for entry in entries {
            writer.word(UInt64(bitPattern: entry.row.chunk))
            writer.moment(entry.row.arrived)
            for number in [
                entry.row.messages, entry.row.bytes, entry.frame, entry.start, entry.headerLength, entry.bodyLength,
            ] { writer.number(number) }
        }
        return writer.bytes
    }

    init() {}

    init(decoding bytes: [UInt8]) throws(StoreDamage) {
        var reader = ByteReader(bytes)
        for _ in 0..<(try reader.length()) {
            frames.append(Frame(offset: try reader.number(), length: try reader.number(), size: try reader.number()))
        }
        for _ in 0..<(try reader.length()) {
            let (chunk, arrived) = (Int64(bitPattern: try reader.word()), try reader.moment())
            let row = RawCopyRow(
                chunk: chunk, arrived: arrived, messages: try reader.number(), bytes: try reader.number())
            let entry = Entry(
                row: row, frame: try reader.number(), start: try reader.number(), headerLength: try reader.number(),
                bodyLength: try reader.number())
            guard frames.indices.contains(entry.frame), entry.start >= 0, entry.headerLength >= 0,
                entry.bodyLength >= 0,
                entry.start + entry.headerLength + entry.bodyLength <= frames[entry.frame].size
            else { throw StoreDamage("an entry of a segment is outside of its frame") }
            entries.append(entry)
        }
    }
}

/// Writes a segment. Blocks as long as the disk does.
final class SegmentWriter {
    private let file: FileHandle
    private let context: OpaquePointer
    private var index = SegmentIndex()
    private var offset = 0
    private var pending: [UInt8] = []
    private var waiting: [(row: RawCopyRow, start: Int, header: Int, body: Int)] = []

    /// - Parameter path: of a file that is not there yet.
    init(path: String) throws {
        guard let context = ZSTD_createCCtx() else { throw StoreDamage("libzstd does not start") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, SegmentFormat.level)
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            ZSTD_freeCCtx(context)
            throw ControlError.failed("'\(path)' cannot be made: \(String(cString: strerror(errno)))")
        }
        file = try FileHandle(forWritingTo: URL(filePath: path))
        try write(SegmentFormat.beginning)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// In ascending order of chunks.
    func append(_ row: RawCopyRow, header: [UInt8], body: [UInt8]) throws {
        waiting.append((row, pending.count, header.count, body.count))
        pending += header
        pending += body
        if pending.count >= SegmentFormat.frame { try endFrame() }
    }

    /// - Returns: the bytes of the file, which is durable then under the name it has.
    func finish() throws -> (index: SegmentIndex, size: Int) {
        try endFrame()
        let encoded = index.encoded
        var tail = ByteWriter()
        tail.word(UInt64(offset))
        tail.word(UInt64(encoded.count))
        tail.word(UInt64(bitPattern: Checksum.of(encoded)))
        try write(encoded + tail.bytes + SegmentFormat.end)
        try file.synchronize()
        try file.close()
        return (index, offset)
    }

    private func endFrame() throws {
        guard !pending.isEmpty else { return }
        let compressed = try compress(pending)
        for chunk in waiting {
            index.entries.append(
                SegmentIndex.Entry(
                    row: chunk.row, frame: index.frames.count, start: chunk.start, headerLength: chunk.header,
                    bodyLength: chunk.body))
        }
        index.frames.append(.init(offset: offset, length: compressed.count, size: pending.count))
        try write(compressed)
        pending.removeAll(keepingCapacity: true)
        waiting.removeAll()
    }

    private func compress(_ bytes: [UInt8]) throws(StoreDamage) -> [UInt8] {
        var code = 0
        let compressed = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count)) { buffer, count in
            code = bytes.withUnsafeBytes {
                ZSTD_compress2(context, buffer.baseAddress, buffer.count, $0.baseAddress, $0.count)
            }
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        guard ZSTD_isError(code) == 0 else { throw StoreDamage("zstd: \(String(cString: ZSTD_getErrorName(code)))") }
        return compressed
    }

    private func write(_ bytes: [UInt8]) throws {
        try file.write(contentsOf: bytes)
        offset += bytes.count
    }
}

/// Reads chunks of a segment. One thread's at a time.
final class SegmentReader {
    private let path: String
    private let file: FileHandle
    let index: SegmentIndex
    /// The frame that was read last: its chunks are asked for one after the other.
    private var latest: (number: Int, bytes: [UInt8])?

    /// - Throws: `StoreDamage` for a file that is none, or not whole.
    init(path: String) throws {
        self.path = path
        do {
            file = try FileHandle(forReadingFrom: URL(filePath: path))
        } catch {
            throw StoreDamage("the segment '\(path)' cannot be opened: \(error.localizedDescription)")
        }
        do throws(StoreDamage) {
            index = try Self.readIndex(file)
        } catch {
            throw StoreDamage("the segment '\(path)': \(error)")
        }
    }

    deinit { file.closeFile() }

    private static func readIndex(_ file: FileHandle) throws(StoreDamage) -> SegmentIndex {
        do {
            let size = Int(try file.seekToEnd())
            let smallest = SegmentFormat.beginning.count + SegmentFormat.tailLength
            guard size >= smallest, try bytes(of: file, at: 0, SegmentFormat.beginning.count) == SegmentFormat.beginning
            else { throw StoreDamage("it is no segment") }
            let tail = try bytes(of: file, at: size - SegmentFormat.tailLength, SegmentFormat.tailLength)
            guard tail.suffix(SegmentFormat.end.count).elementsEqual(SegmentFormat.end) else {
                throw StoreDamage("its end is missing")
            }
            var reader = ByteReader(tail)
            let (offset, length) = (Int(clamping: try reader.word()), Int(clamping: try reader.word()))
            let checksum = Int64(bitPattern: try reader.word())
            guard offset >= 0, length >= 0, offset <= size, length == size - SegmentFormat.tailLength - offset else {
                throw StoreDamage("its index is not where it should be")
            }
            let index = try bytes(of: file, at: offset, length)
            guard Checksum.of(index) == checksum else { throw StoreDamage("its index is damaged (checksum)") }
            return try SegmentIndex(decoding: index)
        } catch let damage as StoreDamage {
            throw damage
        } catch {
            throw StoreDamage("it cannot be read: \(error.localizedDescription)")
        }
    }

    private static func bytes(of file: FileHandle, at offset: Int, _ count: Int) throws -> [UInt8] {
        try file.seek(toOffset: UInt64(offset))
        guard let data = try file.read(upToCount: count), data.count == count else {
            guard count > 0 else { return [] }
            throw StoreDamage("it ends early")
        }
        return Array(data)
    }

    /// - Throws: `StoreDamage` with the file and the chunk.
    func content(of entry: SegmentIndex.Entry) throws(StoreDamage) -> ChunkContent {
        do {
            let frame = try frame(entry.frame)
            let body = entry.start + entry.headerLength
            return try ChunkContent(
                header: Array(frame[entry.start..<body]), body: Array(frame[body..<body + entry.bodyLength]))
        } catch {
            throw StoreDamage("chunk \(entry.row.chunk) in the segment '\(path)': \(error)")
        }
    }

    private func frame(_ number: Int) throws -> [UInt8] {
        if let latest, latest.number == number { return latest.bytes }
        let frame = index.frames[number]
        let compressed = try Self.bytes(of: file, at: frame.offset, frame.length)
        guard ZSTD_getFrameContentSize(compressed, compressed.count) == frame.size else {
            throw StoreDamage("a frame of another size")
        }
        var code = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: frame.size) { buffer, count in
            code = ZSTD_decompress(buffer.baseAddress, buffer.count, compressed, compressed.count)
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        guard ZSTD_isError(code) == 0, bytes.count == frame.size else {
            throw StoreDamage("a frame is damaged (\(String(cString: ZSTD_getErrorName(code))))")
        }
        latest = (number, bytes)
        return bytes
    }
}
