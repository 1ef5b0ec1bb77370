import Logging
import Sluice
import SluiceWire

/// One request, as an action sees it.
struct SQSCall: Sendable {
    let parameters: Parameters
    let request: ServerRequest
    let caller: Caller
    let wire: WireProtocol
    let home: Home
    let engine: ServerEngine
    let receipts: ReceiptTokens
    let logger: Logger

    /// A queue that a request names.
    struct Queue: Sendable {
        let location: QueueLocation
        /// What the engine calls it.
        let name: String
        let listed: ListedQueue

        var attributes: QueueAttributes { listed.attributes }
        var isFIFO: Bool { listed.type == .fifo }
    }

    // MARK: Parameters

    /// - Throws: `WireError` when it is not there, or empty.
    func required(_ name: ParameterName) throws -> String {
        guard let text = try parameters.text(name), !text.isEmpty else { throw SQSError.missingParameter(name.json) }
        return text
    }

    /// A number within its limit, as a request may have it.
    func integer(_ name: ParameterName, in range: ClosedRange<Int>, otherwise reason: String) throws -> Int? {
        guard let value = try parameters.integer(name) else { return nil }
        guard range.contains(value) else { throw SQSError.invalidValue(String(value), of: name.json, reason) }
        return value
    }

    // MARK: Queues

    /// The queue whose URL the request has, in its parameters or as its own path.
    func queue() throws -> Queue {
        if let url = try parameters.text(SQSFields.queueUrl), !url.isEmpty { return try queue(atURL: url) }
        let places = QueueLocation.places(ofPath: request.path, host: request.host, caller, home)
        guard !places.isEmpty else { throw SQSError.missingParameter(SQSFields.queueUrl.json) }
        return try queue(at: places)
    }

    func queue(atURL url: String) throws -> Queue {
        try queue(at: QueueLocation.places(ofURL: url, caller, home))
    }

    private func queue(at places: [QueueLocation]) throws -> Queue {
        for place in places {
            if let queue = queue(at: place) { return queue }
        }
        throw SQSError.queueDoesNotExist
    }

    func queue(at place: QueueLocation) -> Queue? {
        let name = place.fullName(home)
        return engine.queues.find(name).map { Queue(location: place, name: name, listed: $0) }
    }

    func location(ofQueue fullName: String) -> QueueLocation { QueueLocation(fullName: fullName, home) }

    func url(of location: QueueLocation) -> String { location.url(asAskedBy: request, home) }

    /// The queues of the caller's account and region, in order of name.
    func ownQueues(prefix: String = "") -> [QueueLocation] {
        let start = QueueLocation(region: caller.region, account: caller.account, name: prefix).fullName(home)
        return engine.queues.list(prefix: start).map { location(ofQueue: $0) }
            .filter { $0.region == caller.region && $0.account == caller.account }
    }

    /// Who did something, for the audit.
    var who: String { caller.accessKeyID ?? (request.peer.isEmpty ? "a client" : "a client at \(request.peer)") }
}

extension WireError {
    /// What a client is told of an error that an engine threw: the one place that knows both.
    init(_ error: any Error) {
        switch error {
        case let error as WireError: self = error
        case let error as ParameterFault: self = SQSError.unreadable(error)
        case let error as QueueError: self.init(error)
        case is CancellationError: self = SQSError.unavailable("the server is shutting down")
        default: self = SQSError.internalFailure("\(error)")
        }
    }

    private init(_ error: QueueError) {
        switch error {
        case .unknown: self = SQSError.queueDoesNotExist
        case .deletedRecently: self = SQSError.queueDeletedRecently
        case .purgedRecently(let queue): self = SQSError.purgeInProgress(QueueLocation(fullName: queue, Home()).name)
        case .tooManyInFlight: self = SQSError.overLimit(error.description)
        case .usedByPipeline, .wrongType: self = SQSError.unsupported(error.description)
        case .full, .archiveFull: self = SQSError.throttled(error.description)
        case .diskFull, .closed: self = SQSError.unavailable(error.description)
        }
    }
}
