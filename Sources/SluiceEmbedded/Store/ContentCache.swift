import DequeModule

/// The chunks that were written or read last, so that what was just committed is not read back from the file.
struct ContentCache {
    private let capacity: Int
    private var contents: [Int64: ChunkContent] = [:]
    private var order: Deque<Int64> = []
    private var weight = 0

    /// - Parameter capacity: bytes, roughly. 64 MB.
    init(capacity: Int = 64 << 20) { self.capacity = capacity }

    subscript(chunk: Int64) -> ChunkContent? { contents[chunk] }

    mutating func insert(_ content: ChunkContent, for chunk: Int64) {
        if let old = contents.updateValue(content, forKey: chunk) {
            weight -= old.weight
        } else {
            order.append(chunk)
        }
        weight += content.weight
        while weight > capacity, let oldest = order.popFirst() { remove(oldest) }
        // Chunks that were removed leave their numbers behind; drop them before they outnumber what is there.
        if order.count > 2 * contents.count + 64 { order.removeAll { contents[$0] == nil } }
    }

    mutating func remove(_ chunk: Int64) {
        if let old = contents.removeValue(forKey: chunk) { weight -= old.weight }
    }

    mutating func removeAll() {
        contents.removeAll()
        order.removeAll()
        weight = 0
    }
}
