import Sluice

/// Cuts records out of a text, one after the other. One file for each format.
protocol RecordCutter {
    /// The next record, or what is none; `nil` at the end of the text.
    /// - Throws: `StreamFault`: the text goes no further, and `window` stands where what is cut off begins.
    mutating func next(_ window: inout StreamWindow) throws -> Cut?

    /// Cuts records into `batch`, until it has as many as are wanted or nothing is left.
    /// - Parameters:
    ///   - number: of the next record; it counts on, also where this throws.
    /// - Returns: whether nothing is left.
    /// - Throws: as `next`; what was cut before is in `batch`.
    mutating func cut(
        _ window: inout StreamWindow, into batch: inout SplitBatch, number: inout Int64, records: Int, bytes: Int
    ) throws -> Bool
}

extension RecordCutter {
    // A loop of each format's own: a call through the protocol for every record would cost as much as cutting it.
    mutating func cut(
        _ window: inout StreamWindow, into batch: inout SplitBatch, number: inout Int64, records: Int, bytes: Int
    ) throws -> Bool {
        var bytesLeft = bytes
        while batch.records.count + batch.broken.count < records, bytesLeft > 0 {
            guard let cut = try next(&window) else { return true }
            bytesLeft -= batch.append(cut, number: number)
            number += 1
            if cut.isLast { return true }
        }
        return false
    }
}

extension SplitBatch {
    /// - Returns: the bytes it takes.
    mutating func append(_ cut: Cut, number: Int64) -> Int {
        switch cut.content {
        case .record(let body):
            records.append(SplitRecord(body: body, number: number, offset: cut.offset, line: cut.line))
            return body.count
        case .broken(let type, let reason, let bytes):
            broken.append(
                BrokenRecord(
                    number: number, offset: cut.offset, line: cut.line, reason: reason, type: type, bytes: bytes))
            return bytes.count
        }
    }
}

/// A piece of a text. The window stands behind it.
struct Cut {
    enum Content {
        case record(Bytes)
        case broken(type: String, reason: String, bytes: Bytes)
    }

    var offset: Int64
    var line: Int64
    var content: Content
    /// Nothing comes behind it, whatever is left of the text.
    var isLast = false
}

extension Cut {
    static func tooLarge(
        offset: Int64, line: Int64, length: Int64, longest: Int, beginning: Bytes
    ) -> Cut {
        Cut(
            offset: offset, line: line,
            content: .broken(
                type: "too-large", reason: "it has \(length) bytes, and \(longest) are allowed", bytes: beginning))
    }
}
