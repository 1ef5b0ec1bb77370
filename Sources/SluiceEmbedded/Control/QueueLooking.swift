import GRDB
package import Sluice

extension EmbeddedControl {
    package func createQueue(_ name: String, _ attributes: QueueAttributes) async throws -> Bool {
        try QueueNameRule.check(name)
        return try await explained {
            try await store.writer.submit(grows: true) { state in
                let (present, isNew) = try state.create(name, attributes)
                guard (present.fifo == nil) == (attributes.fifo == nil) else {
                    throw QueueError.wrongType(
                        queue: name, is: present.fifo == nil ? .standard : .fifo,
                        wanted: attributes.fifo == nil ? .standard : .fifo)
                }
                return isNew
            }
        }
    }

    package func detail(ofQueue name: String) async throws -> QueueDetail {
        let registry = registry
        return try await explained {
            try await store.writer.submit { try $0.detail(of: $0.queue(named: name), registry) }
        }
    }

    package func peek(_ name: String, state: PeekedMessage.State?, limit: Int) async throws -> [PeekedMessage] {
        try await explained {
            try await store.writer.submit {
                try $0.peek($0.queue(named: name), state, limit: min(max(limit, 0), 1_000))
            }
        }
    }

    package func purgeQueue(_ name: String, who: String) async throws -> Int {
        try await explained {
            try await store.writer.submit { state in
                let queue = try state.queue(named: name)
                let count = queue.depth.messages
                try state.purge(queue, who: who)
                return count
            }
        }
    }
}

extension StoreState {
    private static let mostGroups = 20
    private static let mostDiscards = 20
    /// A page is at most so long that its answer fits into a frame of the control socket.
    private static let longestPeek = 1 << 20

    fileprivate func detail(of queue: QueueState, _ registry: StepRegistry?) throws -> QueueDetail {
        expireMessages(of: queue)
        let waiting = queue.isFIFO ? queue.fifo.waiting : queue.standard.waiting
        let groups = waiting.compactMap { group in
            chunks[group.first.chunk].map {
                QueueDetail.WaitingGroup(name: group.name, waiting: group.count, oldest: $0.arrived)
            }
        }.sorted { $0.oldest < $1.oldest }
        let stage = pipelines[queue.record.pipeline ?? ""]?.stages.first { $0.queue == queue.name }
        let rate = stage.flatMap { registry?[$0.step]?.throughput } ?? 0
        let drain = rate > 0 ? Duration.milliseconds(Int64(Double(queue.depth.messages) / rate * 1_000)) : nil
        return QueueDetail(
            report: report(of: queue), attributes: queue.record.described,
            groups: Array(groups.prefix(Self.mostGroups)),
            groupCount: groups.count, drain: drain, discards: try discards(of: queue))
    }

    private func discards(of queue: QueueState) throws -> [QueueDetail.Discard] {
        try database.read {
            try Row.fetchAll(
                $0,
                sql: """
                    SELECT time, action, n, who, reason FROM audit WHERE queue = ?
                    ORDER BY time DESC, rowid DESC LIMIT ?
                    """, arguments: [queue.name, Self.mostDiscards]
            ).map {
                QueueDetail.Discard(
                    time: Timestamp(milliseconds: $0["time"]), action: $0["action"], count: $0["n"], who: $0["who"],
                    reason: $0["reason"])
            }
        }
    }

    fileprivate func peek(
        _ queue: QueueState, _ wanted: PeekedMessage.State?, limit: Int
    ) throws -> [PeekedMessage] {
        var found: [PeekedMessage] = []
        var bytes = 0
        for chunk in queue.chunks.lazy.compactMap({ self.chunks[$0] }) {
            let indices = (0..<chunk.count).filter { index in
                chunk.states[index].peeked.map { wanted ?? $0 == $0 } ?? false
            }
            guard !indices.isEmpty else { continue }
            let content = try content(of: chunk.id)
            for index in indices {
                guard found.count < limit, bytes < Self.longestPeek || found.isEmpty else { return found }
                let message = try peeked(MessageRef(chunk: chunk.id, index: Int32(index)), chunk, content, queue)
                bytes += message.body.count
                found.append(message)
            }
        }
        return found
    }

    private func peeked(
        _ ref: MessageRef, _ chunk: Chunk, _ content: ChunkContent, _ queue: QueueState
    ) throws -> PeekedMessage {
        let index = Int(ref.index)
        let (header, state) = (try content.header(at: index), chunk.states[index])
        let holder: String? =
            switch state.status {
            case .held: queue.record.step ?? "a step"
            case .inFlight: queue.holders[ref] ?? "a client"
            case .backingOff: "nobody: it is tried again"
            case .ready, .delayed, .gone: nil
            }
        return PeekedMessage(
            id: header.id, state: state.peeked ?? .ready, group: header.lineage.group, sent: header.sent,
            receiveCount: Int(state.receiveCount) + (header.death?.carried ?? 0),
            visible: state.visibleAt > 0 ? Timestamp(milliseconds: state.visibleAt) : nil, holder: holder,
            body: Array(content.body(at: index)))
    }
}

extension MessageState {
    /// `nil` = it is not there any more.
    fileprivate var peeked: PeekedMessage.State? {
        switch status {
        case .ready: .ready
        case .delayed: .delayed
        case .held, .inFlight, .backingOff: .inFlight
        case .gone: nil
        }
    }
}
