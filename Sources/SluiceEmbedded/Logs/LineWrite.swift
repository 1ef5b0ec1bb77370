import Foundation

/// How much of some lines a file has taken: a disk that is full takes what there is room for.
struct LineWrite {
    private(set) var bytes = 0
    /// `nil` = it has taken all.
    private(set) var failure: LogFailure?

    init(of lines: [UInt8], to descriptor: Int32) {
        while bytes < lines.count {
            let count = lines[bytes...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            let error = errno
            if count >= 0 {
                bytes += count
            } else if error != EINTR {
                failure = LogFailure(
                    "write: \(String(cString: strerror(error)))",
                    linesWritten: lines[..<bytes].count { $0 == UInt8(ascii: "\n") })
                return
            }
        }
    }
}
