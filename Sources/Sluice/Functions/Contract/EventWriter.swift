/// Writes the event of an invocation, byte by byte: a record's body is copied once.
struct EventWriter {
    private(set) var bytes: [UInt8] = []
    private let ids: RecordIDs

    init(ids: RecordIDs, capacity: Int) {
        self.ids = ids
        bytes.reserveCapacity(capacity)
    }

    /// - Returns: what is wrong with records that cannot be sent: nothing is, as bytes are bytes.
    mutating func writeFirehose(
        _ records: [RawRecord], _ contract: FunctionContract, invocation: String
    ) -> [Int: Problem] {
        let stream =
            "arn:aws:firehose:\(contract.region):\(contract.account):deliverystream/\(contract.pipeline)"
        append("{\"invocationId\":")
        bytes.appendJSON(invocation)
        append(",\"deliveryStreamArn\":")
        bytes.appendJSON(stream)
        append(",\"region\":")
        bytes.appendJSON(contract.region)
        append(",\"records\":[")
        for (index, record) in records.enumerated() {
            append(index == 0 ? "{\"recordId\":\"" : ",{\"recordId\":\"")
            ids.append(index, to: &bytes)
            append("\",\"approximateArrivalTimestamp\":")
            append("\(record.received.milliseconds)")
            append(",\"data\":\"")
            Base64.append(record.body, to: &bytes)
            append("\"}")
        }
        append("]}")
        return [:]
    }

    /// - Returns: what is wrong with records that cannot be sent, by their place.
    mutating func writeJSON(_ records: [RawRecord]) -> [Int: Problem] {
        var unsent: [Int: Problem] = [:]
        var isFirst = true
        append("{\"records\":[")
        for (index, record) in records.enumerated() {
            do throws(JSONMistake) {
                let span = try Self.document(in: record.body)
                append(isFirst ? "{\"id\":\"" : ",{\"id\":\"")
                isFirst = false
                ids.append(index, to: &bytes)
                append("\",\"record\":")
                bytes.append(contentsOf: record.body.dropFirst(span.start).prefix(span.count))
                append("}")
            } catch {
                unsent[index] = Self.notJSON(error)
            }
        }
        append("]}")
        return unsent
    }

    /// The one value that a record is, without the space around it.
    private static func document(in body: Bytes) throws(JSONMistake) -> JSONSpan {
        try body.withScanner { (scanner) throws(JSONMistake) -> JSONSpan in
            let span = try scanner.value()
            try scanner.finish()
            return span
        }
    }

    private static func notJSON(_ mistake: JSONMistake) -> Problem {
        Problem(
            reason: "it is not JSON, which 'contract: json' sends to the function: \(mistake.message)",
            type: "not-json", remedy: .reject)
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
