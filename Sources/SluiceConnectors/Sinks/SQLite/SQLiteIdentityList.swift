import Sluice

/// Identities as a JSON array, which people can read beside their rows:
/// `SELECT value FROM _sluice_delivered, json_each(identities)`.
enum SQLiteIdentityList {
    static func encode(_ identities: [RecordIdentity]) -> [UInt8] {
        var json: [UInt8] = []
        // An id, two or three outputs, quotes and a comma.
        json.reserveCapacity(identities.count * (MessageID.textLength + 10))
        for identity in identities {
            json.append(json.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            append(identity, to: &json)
        }
        if json.isEmpty { json.append(UInt8(ascii: "[")) }
        json.append(UInt8(ascii: "]"))
        return json
    }

    /// - Throws: `SinkError.unavailable` if somebody wrote something else there.
    static func decode(_ json: String, of plan: SQLitePlan) throws(SinkError) -> [RecordIdentity] {
        do throws(JSONMistake) {
            let list = try JSONValue(parsing: Bytes(json))
            let elements = Array(list.elements)
            let identities = elements.compactMap { $0.string.map { RecordIdentity($0) } }
            if list.kind == .array, identities.count == elements.count { return identities }
        } catch {
            throw damaged("\(error)", plan)
        }
        throw damaged("it is not a list of texts", plan)
    }

    private static func damaged(_ reason: String, _ plan: SQLitePlan) -> SinkError {
        .unavailable(
            reason: "the column 'identities' of '_sluice_delivered' in '\(plan.path)' was changed by somebody else "
                + "(\(reason)); restore the database, or drop that table: records that were being delivered when "
                + "Sluice stopped are then written twice",
            type: "delivered")
    }

    /// Without making a text of it first: there is one for each record that is inserted.
    private static func append(_ identity: RecordIdentity, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        switch identity.origin {
        case .message(let id):
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: MessageID.textLength) { buffer in
                id.write(to: buffer)
                json.append(contentsOf: buffer)
            }
        case .object(let object, let number):
            append(object, to: &json)
            json.append(UInt8(ascii: "#"))
            json.append(contentsOf: "\(number)".utf8)
        case .named(let name): append(name, to: &json)
        }
        if identity.replay > 0 { append(identity.replayText, to: &json) }
        append(identity.outputs, to: &json)
        json.append(UInt8(ascii: "\""))
    }

    private static func append(_ text: String, to json: inout [UInt8]) {
        for byte in text.utf8 {
            if needsEscape(byte) { appendEscape(of: byte, to: &json) } else { json.append(byte) }
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func appendEscape(of byte: UInt8, to json: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        json.append(contentsOf: Array("\\u00".utf8))
        json.append(digits[Int(byte >> 4)])
        json.append(digits[Int(byte & 0xF)])
    }
}
