import Crypto
import Foundation
package import Sluice
import Synchronization

/// Writes an object's bytes into a data folder, before its bucket has it: by whoever has the bytes, whether the folder
/// is open in another process or not. Blocks as long as the disk does.
package final class UploadWriter: Sendable {
    private struct State {
        var md5 = Insecure.MD5()
        var sha256 = SHA256()
        var size = 0
        var isFinished = false
    }

    private let folder: String
    private let name: String
    private let descriptor: CInt
    private let state = Mutex(State())

    /// - Throws: `ControlError.forbidden`.
    package init(folder: String) throws {
        self.folder = BlobFolder.incoming(of: folder)
        name = BlobFolder.uploadPrefix + UUID().uuidString.lowercased()
        do {
            try FileManager.default.createDirectory(
                atPath: self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ControlError.forbidden("cannot make '\(self.folder)': \(error.localizedDescription)")
        }
        descriptor = open("\(self.folder)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ControlError.forbidden("cannot write into '\(self.folder)': \(BlobFolder.lastError)")
        }
    }

    deinit {
        close(descriptor)
        if !state.withLock(\.isFinished) { unlink("\(folder)/\(name)") }
    }

    /// - Throws: `ControlError.failed`: the disk is full, mostly.
    package func append(_ bytes: Bytes) throws {
        try bytes.withUnsafeBytes { bytes in
            state.withLock { state in
                state.md5.update(bufferPointer: bytes)
                state.sha256.update(bufferPointer: bytes)
                state.size += bytes.count
            }
            try writeAll(bytes)
        }
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = write(descriptor, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Durable from here on; it is nobody's until it is put into a bucket.
    package func finish(bucket: String, key: String) throws -> ObjectUpload {
        guard fsync(descriptor) == 0 else { throw failure }
        return state.withLock { state in
            state.isFinished = true
            return ObjectUpload(
                bucket: bucket, key: key, file: name, size: state.size, etag: state.md5.finalize().hex,
                blob: state.sha256.finalize().hex)
        }
    }

    private var failure: ControlError {
        .failed("the object cannot be stored in '\(folder)': \(BlobFolder.lastError)")
    }
}

extension Digest {
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
