#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds programs as a shell does.
enum Programs {
    static let standardPath = "/usr/local/bin:/usr/bin:/bin"

    /// The path of a program: itself where it has a slash, else the first that can be executed in the folders of `path`.
    static func find(_ program: String, in path: String) -> String? {
        if program.contains("/") { return isExecutable(program) ? program : nil }
        for folder in path.split(separator: ":") where isExecutable("\(folder)/\(program)") {
            return "\(folder)/\(program)"
        }
        return nil
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
