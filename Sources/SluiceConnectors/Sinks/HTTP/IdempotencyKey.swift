import Crypto
import Sluice

/// What names a request, so that an API can take it once although it comes twice.
enum IdempotencyKey {
    /// Of one record its identity; of several a hash of all identities in their order: the same batch again has the same
    /// key, half of it has another one.
    static func of(_ records: [SinkRecord]) -> String {
        if records.count == 1, let record = records.first { return headerText(record.identity.text) }
        var hash = SHA256()
        for record in records {
            hash.update(data: Array(record.identity.text.utf8))
            hash.update(data: [0])
        }
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// An identity may have any characters in it (the key of an object): those that no header takes are
    /// percent-encoded.
    private static func headerText(_ text: String) -> String {
        var safe = ""
        for byte in text.utf8 {
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                safe.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                safe += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return safe
    }
}
