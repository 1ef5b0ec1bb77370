import Sluice

/// What `status` and `dlq` tell of dead letters, read once from each chunk: their groups are counted without reading a
/// hundred thousand histories every time somebody looks.
struct DeadLetterDigests {
    struct Digest {
        /// As `fingerprints` numbers them.
        var fingerprint: Int32
        var time: Timestamp
    }

    /// In the order of the messages of the chunk; `nil` for one that was gone when it was read.
    private var chunks: [Int64: [Digest?]] = [:]
    private(set) var fingerprints: [String] = []
    private var numbers: [String: Int32] = [:]

    subscript(chunk: Int64) -> [Digest?]? { chunks[chunk] }

    mutating func insert(_ digests: [Digest?], for chunk: Int64) { chunks[chunk] = digests }
    mutating func remove(_ chunk: Int64) { chunks[chunk] = nil }

    mutating func digest(of failure: Failure) -> Digest {
        let fingerprint = failure.fingerprint
        if let number = numbers[fingerprint] { return Digest(fingerprint: number, time: failure.time) }
        let number = Int32(fingerprints.count)
        fingerprints.append(fingerprint)
        numbers[fingerprint] = number
        return Digest(fingerprint: number, time: failure.time)
    }
}
