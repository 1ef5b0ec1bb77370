import Sluice
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pipe whose ends no other child inherits.
struct Pipe {
    let reader: SystemPackage.FileDescriptor
    let writer: SystemPackage.FileDescriptor

    /// - Throws: `ControlError.failed` when this process may open no more files.
    static func open() throws -> Pipe {
        do {
            let (reader, writer) = try SystemPackage.FileDescriptor.pipe()
            // Between the two calls a child may be forked; ours close everything they are not given.
            for end in [reader, writer] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
            return Pipe(reader: reader, writer: writer)
        } catch {
            throw ControlError.failed("cannot make a pipe: \(error)")
        }
    }
}
