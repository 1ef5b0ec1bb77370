/// A message, by its chunk and its place there. Chunks are numbered in the order they were committed, and
/// survivors of a rewritten chunk keep their places, so comparing two refs compares their age.
struct MessageRef: Hashable, Comparable {
    let chunk: Int64
    let index: Int32

    static func < (left: MessageRef, right: MessageRef) -> Bool {
        left.chunk != right.chunk ? left.chunk < right.chunk : left.index < right.index
    }
}
