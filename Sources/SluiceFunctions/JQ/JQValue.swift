import CJQ

/// A JSON value of libjq, which counts references: freed with its owner.
struct JQValue: ~Copyable {
    private let raw: cjq_value

    init(taking raw: cjq_value) { self.raw = raw }

    /// Reads one JSON text; what is none becomes an invalid value with a message.
    init(parsing text: UnsafeBufferPointer<UInt8>) {
        raw = text.withMemoryRebound(to: CChar.self) { cjq_parse($0.baseAddress, Int32($0.count)) }
    }

    deinit { cjq_free(raw) }

    /// For a function of libjq that takes it.
    consuming func take() -> cjq_value {
        let raw = raw
        discard self
        return raw
    }

    var isValid: Bool { cjq_is_valid(raw) }

    /// Of an invalid value: what went wrong; `nil` = nothing did.
    consuming func failure() -> String? {
        guard cjq_has_message(raw) else { return nil }
        return JQValue(taking: cjq_message(take())).text()
    }

    /// For people: a text as it is, anything else as JSON.
    consuming func text() -> String {
        cjq_is_string(raw)
            ? withText { String(decoding: $0, as: UTF8.self) } : json { String(decoding: $0, as: UTF8.self) }
    }

    /// Runs `body` with the value as compact JSON.
    consuming func json<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        JQValue(taking: cjq_dump(take())).withText(body)
    }

    /// Runs `body` with the bytes of a text.
    private borrowing func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let length = Int(cjq_length(raw))
        guard let bytes = cjq_bytes(raw) else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        return bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
            body(UnsafeBufferPointer(start: $0, count: length))
        }
    }
}
