import Sluice

/// Finding a record among what waits.
extension StoreState {
    func places(of identity: RecordIdentity, in pipeline: String) throws -> [RecordPlace] {
        _ = try steps(pipeline: pipeline, step: nil)
        var places: [RecordPlace] = []
        for queue in queues.values.filter({ $0.record.pipeline == pipeline }).sorted(by: { $0.id < $1.id }) {
            for chunk in queue.chunks.lazy.compactMap({ self.chunks[$0] }) {
                let content = try content(of: chunk.id)
                for index in 0..<chunk.count where chunk.states[index].status != .gone {
                    let header = try content.header(at: index)
                    let found = header.lineage.identity
                    guard found.raw == identity.raw, found.replay == identity.replay else { continue }
                    let state = chunk.states[index]
                    places.append(
                        RecordPlace(
                            queue: queue.name, role: queue.record.role, identity: found, isInFlight: state.isInFlight,
                            receiveCount: Int(state.receiveCount) + (header.death?.receiveCount ?? 0),
                            failure: queue.record.role == .deadLetter ? header.death?.history.latest : nil))
                }
            }
        }
        return places
    }
}
