import CZstd

/// Decompresses Zstandard: several frames one behind the other are one text, skippable ones are skipped.
final class ZstdSource: ByteSource {
    private let source: any ByteSource
    private let stream: OpaquePointer
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
    private var pending: ZSTD_inBuffer
    /// Not between two frames.
    private var isInside = false
    private var isAtEnd = false
    private var fault: StreamFault?

    init(_ source: any ByteSource) throws {
        self.source = source
        guard let stream = ZSTD_createDStream() else {
            throw StreamFault(type: "compression", reason: "libzstd does not start")
        }
        self.stream = stream
        pending = ZSTD_inBuffer(src: input.baseAddress, size: 0, pos: 0)
    }

    deinit {
        ZSTD_freeDStream(stream)
        input.deallocate()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let fault { throw fault }
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        do {
            while !isAtEnd, output.pos == 0 {
                if pending.pos == pending.size, try !refill(flushing: &output) { break }
                try decompress(into: &output)
            }
        } catch let fault as StreamFault {
            self.fault = fault
            // What came out together with it was right.
            if output.pos == 0 { throw fault }
        }
        return output.pos
    }

    private func decompress(into output: inout ZSTD_outBuffer) throws {
        let code = ZSTD_decompressStream(stream, &output, &pending)
        guard ZSTD_isError(code) == 0 else {
            throw StreamFault(type: "compression", reason: Self.reason(code))
        }
        isInside = code != 0
    }

    private static func reason(_ code: Int) -> String {
        if ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge {
            return "its zstd needs more memory than the 128 MB it gets; compress it without `--ultra` and `--long`"
        }
        return "it is damaged zstd (\(String(cString: ZSTD_getErrorName(code))))"
    }

    /// - Returns: false at the end of the file, when nothing is left of what was read before either.
    private func refill(flushing output: inout ZSTD_outBuffer) throws -> Bool {
        if isInside {
            // What did not fit the last time needs no more input.
            try decompress(into: &output)
            if output.pos > 0 { return false }
        }
        let count = try source.read(into: input)
        guard count > 0 else {
            guard !isInside else {
                throw StreamFault(
                    type: "truncated", reason: "its zstd ends in the middle: a part of the file is missing")
            }
            isAtEnd = true
            return false
        }
        pending = ZSTD_inBuffer(src: input.baseAddress, size: count, pos: 0)
        return true
    }
}
