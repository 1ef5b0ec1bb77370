/// The chunk that a turn collects for one queue.
final class OpenChunk {
    let chunk: Chunk
    @exclusivity(unchecked) var builder: ChunkBuilder

    /// - Parameter bytes: that the last one had, for the next is mostly alike.
    init(chunk: Chunk, reserving bytes: Int) {
        self.chunk = chunk
        builder = ChunkBuilder(reserving: bytes)
    }
}

/// A chunk that a turn writes, and that takes no more messages.
struct FinishedChunk {
    let chunk: Chunk
    let content: ChunkContent
    /// `nil` = its bytes are its own.
    var reference: ChunkReference?
}
