import Sluice
import Synchronization

/// What `put` prints: a document for each object, or one line at the end.
final class PutReport: Sendable {
    private let context: CommandContext
    private let bucket: String
    private let objects = Mutex<(count: Int, bytes: Int)>((0, 0))

    init(context: CommandContext, bucket: String) {
        self.context = context
        self.bucket = bucket
    }

    var count: Int { objects.withLock(\.count) }

    func add(_ stored: [StoredObject]) {
        objects.withLock { $0 = ($0.count + stored.count, $0.bytes + stored.reduce(0) { $0 + $1.size }) }
        if context.json { context.print(documents: stored.map(ObjectDocument.init)) }
    }

    /// - Parameter all: how many files there were.
    func print(of all: Int) {
        guard !context.json else { return }
        let (count, bytes) = objects.withLock { $0 }
        let rest = count < all ? "; not the last \(Numbers.grouped(all - count))" : ""
        let objects = "\(Numbers.grouped(count)) object\(count == 1 ? "" : "s")"
        context.print(["\(objects) put into \(bucket), \(Numbers.bytes(bytes))\(rest)"])
    }
}
