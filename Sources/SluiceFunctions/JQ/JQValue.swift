import CJQ

/// A JSON value of libjq, which counts references: freed with its owner.
struct JQValue: ~Copyable {
    private let raw: cjq_value

    init(taking raw: cjq_value) { self.raw = raw }

    /// Reads one JSON text; what is none becomes an invalid value with a message.
    init(parsing text: UnsafeBufferPointer<UInt8>) {
        raw = text.withMemoryRebound(to: CChar.self) { cjq_parse($0.baseAddress, Int32($0.count)) }
    }

    /// - Parameter text: UTF-8.
    init(text: [UInt8]) {
        raw = text.withUnsafeBytes { cjq_text($0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count)) }
    }

    deinit { cjq_free(raw) }

    /// For a function of libjq that takes it.
    consuming func take() -> cjq_value {
        let raw = raw
        discard self
        return raw
    }

    var isValid: Bool { cjq_is_valid(raw) }
    var isString: Bool { cjq_is_string(raw) }
    /// -1 = it is no array.
    var arrayLength: Int { Int(cjq_array_length(raw)) }

    func element(_ place: Int) -> JQValue { JQValue(taking: cjq_element(raw, Int32(place))) }

    /// Of an invalid value: what went wrong; `nil` = nothing did.
    /// - Parameter standIns: what stands for numbers in it.
    consuming func failure(_ standIns: StandIns = .nothing) -> String? {
        guard cjq_has_message(raw) else { return nil }
        return JQValue(taking: cjq_message(take())).text(standIns)
    }

    /// For people: a text as it is, anything else as JSON.
    consuming func text(_ standIns: StandIns = .nothing) -> String {
        isString
            ? withText { String(decoding: $0, as: UTF8.self) }
            : json { String(decoding: standIns.restored($0), as: UTF8.self) }
    }

    /// Runs `body` with the value as compact JSON.
    consuming func json<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        JQValue(taking: cjq_dump(take())).withText(body)
    }

    /// Runs `body` with the bytes of a text.
    borrowing func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let length = Int(cjq_length(raw))
        guard let bytes = cjq_bytes(raw) else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        return bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
            body(UnsafeBufferPointer(start: $0, count: length))
        }
    }
}
