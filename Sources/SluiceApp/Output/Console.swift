import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a command sees of the world around it: data goes to `out`, everything else to `err`.
struct Console: Sendable {
    var out: @Sendable (String) -> Void
    var err: @Sendable (String) -> Void
    /// Data that may be no text, on stdout.
    var outBytes: @Sendable ([UInt8]) -> Void
    /// Whether stdout is a terminal.
    var isScreen: Bool
    /// Whether a person reads stderr: progress and questions go there only then.
    var isTerminal: Bool
    /// Asks for a line; `nil` at the end of the input.
    var readAnswer: @Sendable () -> String?
    var environment: [String: String]
    var workingDirectory: String

    /// The process's own.
    static func process() -> Console {
        Console(
            out: { write($0, to: STDOUT_FILENO) }, err: { write($0, to: STDERR_FILENO) },
            outBytes: { bytes in bytes.withUnsafeBytes { write($0, to: STDOUT_FILENO) } },
            isScreen: isatty(STDOUT_FILENO) == 1,
            isTerminal: isatty(STDERR_FILENO) == 1 && isatty(STDIN_FILENO) == 1,
            readAnswer: { readLine() },
            environment: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath)
    }

    private static func write(_ text: String, to descriptor: CInt) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) {
        var rest = bytes
        while !rest.isEmpty {
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #else
                let written = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                // Nobody reads any more (`| head`): as every other command does, end.
                if descriptor == STDOUT_FILENO { exit(ExitStatus.failed.rawValue) }
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}
