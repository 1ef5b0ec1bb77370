import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The address of a data folder's control socket.
///
/// A socket address holds 107 bytes of path, and a folder's path may be longer. Then the folder is opened, and the
/// socket is reached through the open folder: `/proc/self/fd/N/control.sock`.
struct SocketPath: ~Copyable {
    static let fileName = "control.sock"
    static let longestAddress = 107

    /// What to bind or to connect to, as long as this value lives.
    let address: String
    private let descriptor: CInt?

    /// - Throws: `ControlError.forbidden` or `.refused` when the folder cannot be opened.
    init(folder: String) throws {
        let plain = folder.hasSuffix("/") ? folder + Self.fileName : "\(folder)/\(Self.fileName)"
        guard plain.utf8.count > Self.longestAddress else {
            address = plain
            descriptor = nil
            return
        }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = errno
            let text = "the data folder '\(folder)' cannot be opened: \(String(cString: strerror(error)))"
            throw error == EACCES ? ControlError.forbidden(text) : ControlError.refused(text)
        }
        self.descriptor = descriptor
        address = "/proc/self/fd/\(descriptor)/\(Self.fileName)"
    }

    deinit {
        if let descriptor { close(descriptor) }
    }
}
