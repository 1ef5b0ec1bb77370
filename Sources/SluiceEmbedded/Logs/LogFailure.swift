import Foundation

/// A log cannot be written, and why: `no space left on device`.
struct LogFailure: Error, Hashable, CustomStringConvertible {
    let description: String
    /// Of what was to be written: whole lines that are in the file all the same.
    let linesWritten: Int

    init(_ description: String, linesWritten: Int = 0) {
        self.description = description
        self.linesWritten = linesWritten
    }

    /// Of the last call to the system.
    static func last(_ what: String) -> LogFailure { LogFailure("\(what): \(String(cString: strerror(errno)))") }
}
