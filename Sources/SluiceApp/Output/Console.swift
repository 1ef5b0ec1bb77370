import Foundation

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

    /// Where `out` and `outBytes` end up, and what became of it; `nil` = not at a stdout.
    var standardOutput: StandardOutput?

    /// The process's own.
    static func process() -> Console {
        let output = StandardOutput()
        return Console(
            out: { text in
                var text = text
                text.withUTF8 { output.write(UnsafeRawBufferPointer($0)) }
            },
            err: { text in
                var text = text
                // Nobody can be told that nobody can be told.
                text.withUTF8 { _ = Descriptors.write(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
            },
            outBytes: { bytes in bytes.withUnsafeBytes { output.write($0) } },
            isScreen: isatty(STDOUT_FILENO) == 1,
            isTerminal: isatty(STDERR_FILENO) == 1 && isatty(STDIN_FILENO) == 1,
            readAnswer: { readLine() },
            environment: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath, standardOutput: output)
    }
}
