import Foundation
import Logging
import Sluice

/// The logs of all pipelines, as the writer's thread has them. Whatever fails here costs lines, which are counted, and
/// nothing else.
struct LogFolderWriter {
    /// The data folder.
    private let folder: String
    private let root: String
    private let clock: any EngineClock
    private let logger: Logger
    private let secrets: @Sendable () -> Secrets
    private var pipelines: [String: PipelineLogFiles] = [:]
    /// Lines that could not be written, by pipeline, and why; said in the log as soon as it can be written again.
    private var lost: [String: (lines: Int, reason: String)] = [:]
    /// What stands in the way now and has been said on stderr.
    private var obstacle: String?
    private(set) var nextMaintenance = Timestamp(milliseconds: 0)

    /// Room on the disk that logs leave to the pipelines: the store's reserve, and as much again to work with.
    private static let room = 2 * DiskReserve.size

    init(folder: String, clock: any EngineClock, logger: Logger, secrets: @escaping @Sendable () -> Secrets) {
        self.folder = folder
        root = LogFolder.root(of: folder)
        self.clock = clock
        self.logger = logger
        self.secrets = secrets
    }

    mutating func keep(_ logs: Logs, of pipeline: String) {
        if pipelines[pipeline] == nil {
            pipelines[pipeline] = PipelineLogFiles(folder: LogFolder.path(of: pipeline, in: root), logs: logs)
        }
        do {
            try pipelines[pipeline]?.keep(logs)
        } catch {
            logger.warning(
                "how long logs are kept is noted later", metadata: ["pipeline": "\(pipeline)", "error": "\(error)"])
        }
        nextMaintenance = Timestamp(milliseconds: 0)
    }

    mutating func write(_ entries: [LogEntry], dropped: [String: Int]) {
        var lines: [String: (bytes: [UInt8], count: Int)] = [:]
        let secrets = secrets()
        // By place: a copy of an entry would count as many references as it has.
        for place in entries.indices { Self.append(entries[place], masking: secrets, to: &lines) }
        for (pipeline, count) in dropped {
            Self.append(
                Self.lostLines(count, "they came faster than the log is written", pipeline, clock.now),
                masking: secrets, to: &lines)
        }
        for (pipeline, batch) in lines { write(batch.bytes, count: batch.count, of: pipeline) }
    }

    private static func append(
        _ entry: LogEntry, masking secrets: Secrets, to lines: inout [String: (bytes: [UInt8], count: Int)]
    ) {
        var batch = lines.removeValue(forKey: entry.pipeline) ?? ([], 0)
        if secrets.isEmpty {
            LogLine.append(entry, to: &batch.bytes)
        } else {
            LogLine.append(entry.masked(secrets), to: &batch.bytes)
        }
        batch.count += 1
        lines[entry.pipeline] = batch
    }

    private mutating func write(_ lines: [UInt8], count: Int, of pipeline: String) {
        let now = clock.now
        var files =
            pipelines[pipeline] ?? PipelineLogFiles(folder: LogFolder.path(of: pipeline, in: root), logs: Logs())
        let lastNumber = files.lastNumber
        do throws(LogFailure) {
            try checkRoom(for: lines.count)
            var lines = lines
            if let lost = lost[pipeline] {
                LogLine.append(Self.lostLines(lost.lines, lost.reason, pipeline, now), to: &lines)
            }
            try files.append(lines, at: now)
            lost[pipeline] = nil
            obstacle = nil
        } catch {
            // The line in which it failed is as good as not written: no reader takes half of one.
            let missing = max(0, count - error.linesWritten)
            lost[pipeline] = ((lost[pipeline]?.lines ?? 0) + missing, error.description)
            report(error)
        }
        pipelines[pipeline] = files
        // A new file: there may be more than is kept.
        if files.lastNumber != lastNumber { nextMaintenance = Timestamp(milliseconds: 0) }
    }

    private func checkRoom(for bytes: Int) throws(LogFailure) {
        var statistics = statvfs()
        guard statvfs(folder, &statistics) == 0 else { throw LogFailure.last("cannot ask the disk of '\(folder)'") }
        let block = Int(statistics.f_frsize)
        let (total, free) = (Int(statistics.f_blocks) * block, Int(statistics.f_bavail) * block)
        guard free - bytes < min(Self.room, total / 4) else { return }
        throw LogFailure("the disk is nearly full (\(free >> 20) MB are free)")
    }

    private static func lostLines(_ count: Int, _ reason: String, _ pipeline: String, _ now: Timestamp) -> LogEntry {
        LogEntry(
            time: now, pipeline: pipeline, step: nil, kind: .step, level: .warning,
            message: "\(count) lines were not kept: \(reason)", fields: ["lines": .number(Double(count))])
    }

    /// Once, until it works again.
    private mutating func report(_ failure: LogFailure) {
        let isNew = obstacle == nil
        obstacle = failure.description
        guard isNew else { return }
        logger.warning(
            "lines of logs are not kept until there is room for them; the pipelines go on",
            metadata: ["folder": "\(root)", "reason": "\(failure)"])
    }

    // MARK: Retention

    /// Deletes what is older than is kept; once an hour, and when files have grown.
    mutating func maintain() {
        let now = clock.now
        guard now >= nextMaintenance else { return }
        nextMaintenance = Timestamp(milliseconds: (Hour.of(now) + 1) * Hour.milliseconds)
        do {
            for name in try LogFolder.pipelines(in: root) {
                var files = try pipelines[name] ?? PipelineLogFiles(keptIn: LogFolder.path(of: name, in: root))
                try files.deleteOld(at: now)
                if pipelines[name] != nil { pipelines[name] = files }
            }
        } catch {
            logger.warning("old logs are deleted later", metadata: ["folder": "\(root)", "error": "\(error)"])
        }
    }

    mutating func close() {
        for (pipeline, lost) in lost {
            logger.warning(
                "lines of the log were not kept",
                metadata: ["pipeline": "\(pipeline)", "lines": "\(lost.lines)", "reason": "\(lost.reason)"])
        }
        for name in pipelines.keys { pipelines[name]?.close() }
    }
}

extension LogEntry {
    fileprivate func masked(_ secrets: Secrets) -> LogEntry {
        var copy = self
        copy.message = secrets.mask(message, end: end)
        copy.fields = fields.mapValues { value in
            if case .text(let text) = value { .text(secrets.mask(text)) } else { value }
        }
        return copy
    }

    /// What a function writes is cut where it is long, and where its process is killed.
    private var end: Secrets.End {
        if fields["bytesCut"] != nil { return .cut }
        return kind == .output ? .open : .whole
    }
}
