package import Sluice

/// An engine with nothing in it, on a manual clock, as the suites for queues and settlements use it.
package protocol EngineFixture: Sendable {
    var clock: ManualClock { get }
    var settler: any Settler { get async }
    var control: any Control { get async }
    func queue(named name: String) async -> any BoundedQueue

    /// Makes the queues of a pipeline.
    func apply(_ pipeline: Pipeline) async throws

    /// The process is gone, whatever it held, and a new one goes on with what is stored.
    func restart() async throws
}

extension Pipeline {
    /// The pipeline of the suites: intake `orders-in`, delivery queue `orders-sqlite`, no raw copies.
    ///
    /// - Parameter group: of a FIFO queue; `nil` = the sender's MessageGroupId.
    package static func sample(
        _ type: QueueType = .standard, group: RecordPath? = nil, keep: Duration? = nil,
        _ settings: QueueSettings = QueueSettings()
    ) -> Pipeline {
        Pipeline(
            name: "orders", source: .queue("orders-in"), archive: keep.map { Archive(keep: $0) },
            queue: QueuePlan(type: type, group: group, settings: settings),
            deliver: Deliver(to: .sqlite("shop.db"), table: "orders"))
    }
}

extension MessageQueue {
    /// Sends texts; their ids.
    @discardableResult
    package func put(_ texts: String..., group: String? = nil, delay: Duration? = nil) async throws -> [MessageID] {
        try await put(texts, group: group, delay: delay)
    }

    @discardableResult
    package func put(_ texts: [String], group: String? = nil, delay: Duration? = nil) async throws -> [MessageID] {
        let group = group ?? (name.hasSuffix(".fifo") ? "g" : nil)
        let messages = texts.map { NewMessage(body: Bytes($0), group: group, delay: delay) }
        return try await send(messages).compactMap { if case .stored(let id, _) = $0 { id } else { nil } }
    }

    /// Receives what is visible now.
    package func receiveNow(_ limit: Int = 10, as holder: ReceiveRequest.Holder = .client) async throws
        -> [ReceivedMessage]
    {
        try await receive(ReceiveRequest(limit: limit, holder: holder))
    }
}

extension [ReceivedMessage] {
    package var texts: [String] { map(\.body.text) }
    package var receipts: [ReceiptHandle] { map(\.receipt) }
}
