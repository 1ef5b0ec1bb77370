import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

/// What a folder holds while nobody has it open, read past the engine.
struct StoredRecords {
    struct Record {
        let queue: String
        let text: String
        let group: String?
    }

    /// In each queue oldest first.
    private(set) var records: [Record] = []

    init(path: String, clock: ManualClock) throws {
        let database = try StoreDatabase(path: path + "/store.db")
        let state = StoreState(
            database: database, blobs: BlobFolder(folder: path), clock: clock, catalogue: QueueCatalogue(),
            logger: TemporaryEngine.quiet())
        try state.load(processDied: false)
        for queue in state.queues.values.sorted(by: { $0.id < $1.id }) {
            for chunk in state.chunks.values.filter({ $0.queue == queue.id }).sorted(by: { $0.id < $1.id }) {
                let content = try state.content(of: chunk.id)
                for index in 0..<chunk.count where chunk.states[index].status != .gone {
                    records.append(
                        Record(
                            queue: queue.name, text: content.body(at: index).text,
                            group: try content.header(at: index).lineage.group))
                }
            }
        }
    }
}
