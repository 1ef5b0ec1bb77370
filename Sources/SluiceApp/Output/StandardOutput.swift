import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// This process's stdout, and what becomes of a command when it cannot be written.
///
/// A command that only shows things has nothing left to do then: it ends, quietly when its reader went away (`| head`),
/// else with a message. One that changes something goes on, and what it has done counts: its caller is told on stderr
/// that the report is missing, and must not take it for a failure and do it again.
final class StandardOutput: Sendable {
    private struct State {
        var command = "sluice"
        var endsCommand = true
        /// Why something could not be written; nothing more is then.
        var failure: CInt?
    }

    private let state = Mutex(State())

    /// To be called once, when the command is known.
    func belongs(to command: String, endsCommand: Bool) {
        state.withLock { state in
            state.command = command
            state.endsCommand = endsCommand
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) {
        let state = state.withLock { $0 }
        guard state.failure == nil, let error = Descriptors.write(bytes, to: STDOUT_FILENO) else { return }
        if state.endsCommand { end(state.command, error) }
        self.state.withLock { $0.failure = error }
    }

    /// What a command that has done its work says of a report that nobody got; `nil` = it was written.
    var loss: String? {
        state.withLock(\.failure).map { error in
            "the report of what was done cannot be written to stdout: \(String(cString: strerror(error)))"
        }
    }

    private func end(_ command: String, _ error: CInt) -> Never {
        if error == EPIPE {
            // As every other Unix tool: the shell sees that the signal ended it, and says nothing.
            var pipe = sigset_t()
            sigemptyset(&pipe)
            sigaddset(&pipe, SIGPIPE)
            signal(SIGPIPE, SIG_DFL)
            // A thread of the pool may block it.
            pthread_sigmask(SIG_UNBLOCK, &pipe, nil)
            raise(SIGPIPE)
        }
        var message = "\(command): stdout cannot be written: \(String(cString: strerror(error)))\n"
        message.withUTF8 { _ = Descriptors.write(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
        exit(ExitStatus.failed.rawValue)
    }
}

/// The three descriptors that a process starts with.
enum Descriptors {
    /// To be called before anything is opened.
    ///
    /// A descriptor that is closed at the start (`>&-`) would be the number of the next file that is opened, such as
    /// the store, and what is printed would be written into it: a place holder fails like the closed one.
    static func prepare() {
        for (descriptor, flags) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", flags) }
        // A reader that went away is an error of the write, for every command alike.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Writes all of it.
    /// - Returns: why it could not; `nil` = it could.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> CInt? {
        var rest = bytes
        while !rest.isEmpty {
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #else
                let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
        return nil
    }
}
