import CZlib

/// Decompresses gzip: several members one behind the other are one text, and zeros behind the last are padding.
final class GzipSource: ByteSource {
    private let source: any ByteSource
    private var stream = z_stream()
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
    private var isInside = true
    private var isAtEnd = false
    private var fault: StreamFault?

    /// Windows of 32 KB, with the header and the checksum of gzip.
    private static let gzip = 15 + 16

    init(_ source: any ByteSource) throws {
        self.source = source
        let code = inflateInit2_(&stream, CInt(Self.gzip), ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw StreamFault(type: "compression", reason: "zlib does not start (\(code))") }
    }

    deinit {
        inflateEnd(&stream)
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let fault { throw fault }
        stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(min(buffer.count, Int(Int32.max)))
        let room = stream.avail_out
        do {
            while !isAtEnd, stream.avail_out == room {
                if stream.avail_in == 0, try !refill() { break }
                if !isInside, try !beginMember() { break }
                try inflateSome()
            }
        } catch let fault as StreamFault {
            self.fault = fault
            // What came out together with it was right.
            if stream.avail_out == room { throw fault }
        }
        return Int(room - stream.avail_out)
    }

    private func inflateSome() throws {
        let code = inflate(&stream, Z_NO_FLUSH)
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isInside = false
        default:
            let detail = stream.msg.map { String(cString: $0) } ?? "code \(code)"
            throw StreamFault(type: "compression", reason: "it is damaged gzip (\(detail))")
        }
    }

    /// - Returns: false at the end of the file.
    private func refill() throws -> Bool {
        let count = try source.read(into: input)
        guard count > 0 else {
            guard !isInside else {
                throw StreamFault(
                    type: "truncated", reason: "its gzip ends in the middle: a part of the file is missing")
            }
            isAtEnd = true
            return false
        }
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(count)
        return true
    }

    /// - Returns: false when only padding is left.
    private func beginMember() throws -> Bool {
        while true {
            while stream.avail_in > 0, stream.next_in.pointee == 0 {
                stream.next_in += 1
                stream.avail_in -= 1
            }
            if stream.avail_in > 0 { break }
            if try !refill() { return false }
        }
        guard stream.next_in.pointee == 0x1F else {
            throw StreamFault(
                type: "compression", reason: "something that is no gzip stands behind the end of its gzip")
        }
        inflateReset(&stream)
        isInside = true
        return true
    }
}
