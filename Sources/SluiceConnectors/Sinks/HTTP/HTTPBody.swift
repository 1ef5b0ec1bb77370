import Sluice

/// The bodies of requests. A record's bytes stay as they are.
enum HTTPBody {
    static func bytes(of records: [SinkRecord], as form: Deliver.Request.Body) -> [UInt8] {
        switch form {
        case .single: records.first.map { Array($0.body) } ?? []
        case .array: array(records)
        case .jsonl: lines(records)
        }
    }

    /// Why a record can be no part of a body that is JSON: it would spoil it for the others. `nil` = it can.
    static func refusal(of record: SinkRecord, at index: Int) -> SinkRejection? {
        do throws(JSONMistake) {
            _ = try JSONValue(parsing: record.body)
            return nil
        } catch {
            return SinkRejection(index: index, reason: error.description, type: "not-json")
        }
    }

    private static func array(_ records: [SinkRecord]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(records.reduce(2) { $0 + $1.body.count + 1 })
        body.append(UInt8(ascii: "["))
        for (index, record) in records.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += record.body
        }
        body.append(UInt8(ascii: "]"))
        return body
    }

    /// A line end within JSON is always space between values, and would end the line.
    private static func lines(_ records: [SinkRecord]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(records.reduce(0) { $0 + $1.body.count + 1 })
        for record in records {
            body += record.body.lazy.map { $0 == 0x0A || $0 == 0x0D ? UInt8(ascii: " ") : $0 }
            body.append(0x0A)
        }
        return body
    }
}
