import Sluice

/// How a process ended.
struct ProcessEnd: Sendable, Hashable {
    /// In words for people: `exit status 1`, `signal: killed`.
    var description: String
    /// The limit, when the kernel killed it because it wanted more memory than that.
    var memoryLimit: ByteCount?

    /// The same, where the process has said of itself that it had no memory left.
    func explained(by line: String?, limit: ByteCount) -> ProcessEnd {
        guard memoryLimit == nil, line?.contains("JavaScript heap out of memory") == true else { return self }
        return ProcessEnd(description: description, memoryLimit: limit)
    }

    /// - Parameter moment: `it answered`.
    func reason(before moment: String) -> String {
        if let memoryLimit {
            return
                "the function used more than \(memoryLimit.bytes >> 20) MB of memory before \(moment), and was killed; "
                + "`memory:` gives it more"
        }
        return "the function's process ended before \(moment): \(description)"
    }

    var errorType: String { memoryLimit == nil ? "Runtime.ExitError" : "Runtime.OutOfMemory" }
}
