import Foundation
import Sluice

/// Bytes that are read one after the other. Blocks as long as they take to come; one thread's at a time.
protocol ByteSource: AnyObject {
    /// Reads up to as many bytes as there is room for, and at least one where one is left.
    /// - Returns: how many; 0 = there are no more.
    /// - Throws: `StreamFault` for what cannot be decompressed, when all that came before it is read, and then always;
    ///   `ObjectError` when it cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// What is wrong with a stream from here on: it goes no further.
struct StreamFault: Error, Hashable {
    /// `truncated`, `compression`, `encoding`.
    let type: String
    let reason: String
}

/// A file from some byte on.
final class FileSource: ByteSource {
    private let path: String
    private let descriptor: CInt
    private var offset: off_t

    /// - Throws: `ObjectError`.
    init(path: String, from offset: Int64 = 0) throws {
        self.path = path
        self.offset = off_t(offset)
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let text = "'\(path)' cannot be opened: \(String(cString: strerror(errno)))"
            throw errno == ENOENT ? ObjectError.gone(text) : .unreadable(text)
        }
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ObjectError.unreadable(
                    "'\(path)' cannot be read at byte \(offset): \(String(cString: strerror(errno)))")
            }
            offset += off_t(count)
            return count
        }
    }
}

/// Some bytes, then those of another source.
final class PrefixedSource: ByteSource {
    private var prefix: ArraySlice<UInt8>
    private let rest: any ByteSource

    init(_ prefix: [UInt8], _ rest: any ByteSource) {
        self.prefix = prefix[...]
        self.rest = rest
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !prefix.isEmpty else { return try rest.read(into: buffer) }
        let count = min(prefix.count, buffer.count)
        buffer.copyBytes(from: prefix.prefix(count))
        prefix = prefix.dropFirst(count)
        return count
    }
}

extension ByteSource {
    /// The first bytes of it, fewer where there are no more or where a fault comes behind them; they are gone from it
    /// then.
    func first(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            do {
                let more = try some(count - bytes.count)
                guard !more.isEmpty else { break }
                bytes += more
            } catch let fault as StreamFault {
                guard !bytes.isEmpty else { throw fault }
                break
            }
        }
        return bytes
    }

    private func some(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Passes over so many bytes.
    func skip(_ count: Int64) throws {
        var left = count
        try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
            while left > 0 {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, Int64(buffer.count)))])
                let got = try read(into: room)
                guard got > 0 else { return }
                left -= Int64(got)
            }
        }
    }
}
