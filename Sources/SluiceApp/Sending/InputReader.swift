import NIOPosix
import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads a file, a pipe or a terminal in pieces, on a thread that may block; `stop()` ends it even while nothing
/// comes.
final class InputReader: Sendable {
    static let pieceSize = 256 << 10

    private let descriptor: CInt
    private let wakeUp: (read: CInt, write: CInt)
    /// The size of a file; `nil` for what has no end yet.
    let size: Int?

    /// - Parameter path: `nil` or `-` = standard input.
    /// - Throws: `CommandFailure` when there is no such file, or it cannot be read.
    init(path: String?) throws {
        if let path, path != "-" {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                let error = errno
                throw CommandFailure(
                    error == EACCES ? .forbidden : .failed,
                    "'\(path)' cannot be read: \(String(cString: strerror(error)))")
            }
        } else {
            descriptor = dup(STDIN_FILENO)
        }
        var ends: (CInt, CInt) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe($0.baseAddress?.assumingMemoryBound(to: CInt.self)) }
        guard made == 0 else { throw CommandFailure(.failed, "a pipe: \(String(cString: strerror(errno)))") }
        wakeUp = (ends.0, ends.1)
        var information = stat()
        let kind = fstat(descriptor, &information) == 0 ? information.st_mode & S_IFMT : 0
        size = kind == S_IFREG ? Int(information.st_size) : nil
        if kind == S_IFDIR {
            throw CommandFailure(.failed, "'\(path ?? "standard input")' is a folder; name the files in it")
        }
    }

    deinit {
        close(descriptor)
        close(wakeUp.read)
        close(wakeUp.write)
    }

    /// The next piece; `nil` at the end of the input, and after `stop()`. A pipe whose writer is gone is at its end.
    /// - Throws: `CommandFailure`.
    func next() async throws -> Bytes? {
        try await withTaskCancellationHandler {
            try await NIOThreadPool.singleton.runIfActive { try self.blockingNext() }
        } onCancel: {
            stop()
        }
    }

    /// Ends reading; may be called from anywhere.
    func stop() {
        var byte: UInt8 = 0
        write(wakeUp.write, &byte, 1)
    }

    private func blockingNext() throws -> Bytes? {
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, 2, -1) < 0 {
            guard errno == EINTR else { throw CommandFailure(.failed, "poll: \(String(cString: strerror(errno)))") }
        }
        if entries[1].revents != 0 { return nil }
        var failure: CInt = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            var result = -1
            repeat { result = read(descriptor, buffer.baseAddress, buffer.count) } while result < 0 && errno == EINTR
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else {
            throw CommandFailure(.failed, "the input cannot be read: \(String(cString: strerror(failure)))")
        }
        return piece.isEmpty ? nil : piece[...]
    }
}
