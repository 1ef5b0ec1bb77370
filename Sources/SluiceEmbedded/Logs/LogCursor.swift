import Foundation
package import Sluice

/// Reads the log of one pipeline from its files, while somebody writes there or nobody does. It needs no lock: files
/// are only appended to, and a line counts when its end is there.
package struct LogCursor: ~Copyable {
    private let folder: String
    private let pipeline: String
    private let since: Timestamp?
    private let lastFiles: Int?
    private var current: Current?
    /// What was read and is no whole line yet.
    private var rest: [UInt8] = []
    /// Lines that are no entries: cut off by a kill, or damaged.
    package private(set) var unreadable = 0
    /// Whether it began with the first file that may have what is wanted; known after the first `next`.
    package private(set) var hasAll = true

    private struct Current {
        let name: LogFileName
        let descriptor: Int32
    }

    private static let chunk = 1 << 20
    /// A line that is longer is none of ours.
    private static let longestLine = 8 << 20

    /// - Parameters:
    ///   - folder: the data folder.
    ///   - since: files that end before need not be looked at; entries of the first file may still be older.
    ///   - lastFiles: begin with so many files from the end.
    package init(pipeline: String, dataFolder folder: String, since: Timestamp?, lastFiles: Int? = nil) {
        self.folder = LogFolder.path(of: pipeline, in: LogFolder.root(of: folder))
        self.pipeline = pipeline
        self.since = since
        self.lastFiles = lastFiles
    }

    deinit { if let current { close(current.descriptor) } }

    /// The next entries; `nil` = there are no more now.
    /// - Throws: `ControlError` when a file cannot be read.
    package mutating func next() throws -> [LogEntry]? {
        while true {
            if current == nil, try !advance(behind: nil) { return nil }
            guard let name = current?.name else { return nil }
            let next = try file(behind: name)
            // Asked for first: what was written to this file before the next one was begun is read now.
            let entries = try read()
            if let entries { return entries }
            guard next != nil else { return nil }
            if !rest.isEmpty { unreadable += 1 }
            rest = []
            guard try advance(behind: name) else { return nil }
        }
    }

    private mutating func file(behind name: LogFileName?) throws -> LogFileName? {
        let files = try LogFolder.files(in: folder)
        guard let name else {
            let wanted = files.drop { file in since.map { file.end <= $0 } ?? false }
            let first = wanted.suffix(lastFiles ?? .max).first
            hasAll = first == wanted.first
            return first
        }
        // Where the file is gone, all before it are, too: what there is was written later.
        return files.first { $0 > name } ?? (files.contains(name) ? nil : files.first)
    }

    /// - Returns: false when there is none.
    private mutating func advance(behind name: LogFileName?) throws -> Bool {
        var name = name
        while let next = try file(behind: name) {
            name = next
            let path = "\(folder)/\(next.text)"
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 {
                // Deleted since: it was old.
                if errno == ENOENT { continue }
                let text = "cannot read '\(path)': \(String(cString: strerror(errno)))"
                throw errno == EACCES ? ControlError.forbidden(text) : ControlError.failed(text)
            }
            if let current { close(current.descriptor) }
            current = Current(name: next, descriptor: descriptor)
            return true
        }
        return false
    }

    /// The entries of the next chunk of the file; `nil` at its end for now.
    private mutating func read() throws -> [LogEntry]? {
        guard let descriptor = current?.descriptor else { return nil }
        while true {
            let bytes = try chunk(from: descriptor)
            if bytes.isEmpty { return nil }
            rest += bytes
            let entries = takeLines()
            if !entries.isEmpty { return entries }
            if rest.count > Self.longestLine {
                unreadable += 1
                rest = []
            }
        }
    }

    /// - Returns: nothing at the end of the file.
    private func chunk(from descriptor: Int32) throws -> [UInt8] {
        var failure: String?
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
            let result = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if result < 0 { failure = String(cString: strerror(errno)) }
            count = max(0, result)
        }
        if let failure { throw ControlError.failed("cannot read a log in '\(folder)': \(failure)") }
        return bytes
    }

    private mutating func takeLines() -> [LogEntry] {
        var entries: [LogEntry] = []
        var start = 0
        while let end = lineEnd(from: start) {
            if start < end {
                if let entry = LogLine.read(rest[start..<end], pipeline: pipeline) {
                    entries.append(entry)
                } else {
                    unreadable += 1
                }
            }
            start = end + 1
        }
        rest.removeSubrange(..<start)
        return entries
    }

    private func lineEnd(from start: Int) -> Int? {
        rest.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress else { return nil }
            return memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start).map { base.distance(to: $0) }
        }
    }
}

extension LogCursor {
    /// The pipelines of a data folder that have a log.
    package static func pipelines(dataFolder: String) throws -> [String] {
        try LogFolder.pipelines(in: LogFolder.root(of: dataFolder))
    }

    /// The folders in which files and folders of a pipeline's log come into being, the outermost first: whoever waits
    /// for more watches the innermost that is there.
    package static func folders(of pipeline: String, dataFolder: String) -> [String] {
        let root = LogFolder.root(of: dataFolder)
        return [dataFolder, root, LogFolder.path(of: pipeline, in: root)]
    }
}
