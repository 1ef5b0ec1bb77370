import Sluice

/// The binary form of failures: in the rows of `failure`, and in the headers of what has died.
enum FailureCoding {
    static func write(_ failure: Failure, to writer: inout ByteWriter) {
        writer.byte((failure.type != nil ? 1 : 0) | (failure.version != nil ? 2 : 0))
        writer.moment(failure.time)
        writer.string(failure.step)
        writer.string(failure.reason)
        if let type = failure.type { writer.string(type) }
        if let version = failure.version { writer.string(version) }
    }

    static func read(from reader: inout ByteReader) throws(StoreDamage) -> Failure {
        let fields = try reader.byte()
        guard fields <= 3 else { throw StoreDamage("an unknown field of a failure (\(fields))") }
        let time = try reader.moment()
        let step = try reader.string()
        var failure = Failure(reason: try reader.string(), step: step, time: time)
        if fields & 1 != 0 { failure.type = try reader.string() }
        if fields & 2 != 0 { failure.version = try reader.string() }
        return failure
    }

    static func write(_ history: FailureHistory, to writer: inout ByteWriter) {
        writer.number(history.count)
        writer.number(history.kept.count)
        for failure in history.kept { write(failure, to: &writer) }
    }

    static func readHistory(from reader: inout ByteReader) throws(StoreDamage) -> FailureHistory {
        let count = try reader.number()
        let kept = try reader.length()
        guard kept <= 2 * FailureHistory.keptAtEachEnd, kept <= count, count <= Int32.max else {
            throw StoreDamage("a history of \(count) failures of which \(kept) are kept")
        }
        var failures: [Failure] = []
        for _ in 0..<kept { failures.append(try read(from: &reader)) }
        return FailureHistory(kept: failures, of: count)
    }
}
