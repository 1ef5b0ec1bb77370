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
    /// - Throws: `ControlError.forbidden`, `.failed`; `.refused` for what is there and no regular file.
    init(path: String) throws {
        let path = URL(filePath: path).resolvingSymlinksInPath().path
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw ControlError.refused("'\(path)' is no regular file, which would be replaced; write '-' for stdout")
        }
        self.path = path
        partial = "\(path).partial-\(getpid())"
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("'\(path)' cannot be written") }
    }

    deinit { close(descriptor) }

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
