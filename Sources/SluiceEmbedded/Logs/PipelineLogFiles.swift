import Foundation
import Sluice

/// The files of one pipeline's log: appended to, begun anew every hour and when one is large, deleted when they are
/// old, or more than is kept.
struct PipelineLogFiles {
    private let folder: String
    private(set) var logs: Logs
    private var open: Open?
    /// The number of the file that was written last.
    private(set) var lastNumber = 0

    private struct Open {
        let name: LogFileName
        let descriptor: Int32
        var size: Int
        /// It ends within a line: a write failed half-way, or a process was killed.
        var isTorn: Bool
    }

    /// A file that is larger is not appended to, in bytes; less where little is kept.
    private static let longestFile = 64 << 20
    private static let settingsName = "keep"

    init(folder: String, logs: Logs) {
        self.folder = folder
        self.logs = logs
    }

    /// - Throws: when it cannot be noted for whoever looks after the files later.
    mutating func keep(_ logs: Logs) throws {
        self.logs = logs
        if FileManager.default.fileExists(atPath: folder) { try noteSettings() }
    }

    mutating func append(_ lines: [UInt8], at now: Timestamp) throws(LogFailure) {
        var file = try file(for: Hour.of(now), room: lines.count)
        defer { open = file }
        if file.isTorn { try Self.append([UInt8(ascii: "\n")], to: &file) }
        try Self.append(lines, to: &file)
    }

    private static func append(_ lines: [UInt8], to file: inout Open) throws(LogFailure) {
        let write = LineWrite(of: lines, to: file.descriptor)
        file.size += write.bytes
        if write.bytes > 0 { file.isTorn = lines[write.bytes - 1] != UInt8(ascii: "\n") }
        if let failure = write.failure { throw failure }
    }

    // MARK: Which file

    private var longestFile: Int { min(Self.longestFile, logs.maxSize.bytes / 8) }

    private mutating func file(for hour: Int64, room: Int) throws(LogFailure) -> Open {
        if let file = open, file.name.hour == hour, file.size + room <= longestFile || file.size == 0 { return file }
        close()
        do {
            return try begin(hour)
        } catch let failure as LogFailure {
            throw failure
        } catch {
            throw LogFailure("\(error)")
        }
    }

    /// Goes on with the last file of a former process if it is of this hour, else makes a new one.
    private mutating func begin(_ hour: Int64) throws -> Open {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try noteSettings()
        let last = try LogFolder.files(in: folder).last
        if lastNumber == 0, let last, last.hour == hour {
            let file = try Self.open(last, in: folder)
            if file.size < longestFile {
                lastNumber = last.number
                return file
            }
            Foundation.close(file.descriptor)
        }
        lastNumber = max(lastNumber, last?.number ?? 0) + 1
        return try Self.open(LogFileName(number: lastNumber, hour: hour), in: folder)
    }

    private static func open(_ name: LogFileName, in folder: String) throws(LogFailure) -> Open {
        let path = "\(folder)/\(name.text)"
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LogFailure.last("cannot open '\(path)'") }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        var last: UInt8 = 0
        let isTorn = size > 0 && pread(descriptor, &last, 1, off_t(size - 1)) == 1 && last != UInt8(ascii: "\n")
        return Open(name: name, descriptor: descriptor, size: size, isTorn: isTorn)
    }

    mutating func close() {
        if let open { Foundation.close(open.descriptor) }
        open = nil
    }

    // MARK: Retention

    /// Deletes files whose lines are all older than is kept, then the oldest while there is more than is kept.
    mutating func deleteOld(at now: Timestamp) throws {
        if let name = open?.name, name.hour != Hour.of(now) { close() }
        let files = try LogFolder.files(in: folder).map { (name: $0, size: try Self.size(of: $0, in: folder)) }
        var total = files.reduce(0) { $0 + $1.size }
        for file in files where file.name != open?.name {
            guard file.name.end <= now - logs.keep || total > logs.maxSize.bytes else { continue }
            unlink("\(folder)/\(file.name.text)")
            total -= file.size
        }
    }

    private static func size(of name: LogFileName, in folder: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name.text)")
        return (attributes[.size] as? NSNumber)?.intValue ?? 0
    }

    // MARK: What is kept, for the time when the pipeline does not run

    /// Milliseconds and bytes, so that a log is deleted in time although its pipeline is not run any more.
    private func noteSettings() throws {
        let text = "\(logs.keep.milliseconds) \(logs.maxSize.bytes)\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(Self.settingsName)"), options: .atomic)
    }

    /// The log of a pipeline as a former process kept it; the usual, where it left no note.
    init(keptIn folder: String) throws {
        self.init(folder: folder, logs: Logs())
        let path = "\(folder)/\(Self.settingsName)"
        guard FileManager.default.fileExists(atPath: path) else { return }
        let numbers = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").map {
            Int($0.trimmingCharacters(in: .newlines))
        }
        guard numbers.count == 2, let keep = numbers[0], let bytes = numbers[1] else { return }
        logs = Logs(keep: .milliseconds(keep), maxSize: ByteCount(bytes))
    }
}
