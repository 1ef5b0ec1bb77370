import Foundation
import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that is there with all of its content, or not at all: it is written under another name, beside it, and takes
/// its own when it is on the disk. Readable by its owner alone.
final class WholeFile: Sendable {
    private let path: String
    private let partial: String
    private let descriptor: CInt

    /// - Parameter path: a symbolic link is followed.
    /// - Throws: `ControlError.forbidden`, `.failed`, also for what is there and no regular file.
    init(path: String) throws {
        let path = try Self.target(of: path)
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw ControlError.failed("'\(path)' is no regular file, and would be replaced; write '-' for stdout")
        }
        self.path = path
        partial = "\(path).partial-\(getpid())"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("'\(path)' cannot be written") }
    }

    deinit { close(descriptor) }

    /// What a link leads to, whether that is there or not.
    private static func target(of path: String) throws -> String {
        var path = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: path)
            path =
                target.hasPrefix("/")
                ? target : URL(filePath: path).deletingLastPathComponent().appending(path: target).path
        }
        throw ControlError.failed("'\(path)' is a link that leads to itself")
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                #if canImport(Glibc)
                    let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                #else
                    let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
                #endif
                if written < 0, errno == EINTR { continue }
                guard written >= 0 else { throw Self.failure("'\(path)' cannot be written") }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }

    /// Puts it in the place of what had its name before.
    func finish() throws {
        guard fsync(descriptor) == 0, rename(partial, path) == 0 else {
            throw Self.failure("'\(path)' cannot be written")
        }
    }

    /// Leaves what had its name before as it was.
    func discard() { unlink(partial) }

    private static func failure(_ what: String) -> ControlError {
        let text = "\(what): \(String(cString: strerror(errno)))"
        return [EACCES, EPERM, EROFS].contains(errno) ? .forbidden(text) : .failed(text)
    }
}
