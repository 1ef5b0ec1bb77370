package import Logging

/// Writes records to a sink.
package struct DeliveryStep: Step {
    package let name: StepName
    private let sink: any RecordSink
    private let timeout: Duration
    private let ordered: Bool
    private let policy: FailurePolicy
    private let pace: DeliveryPace
    private let logger: Logger

    /// - Parameter control: its breaker is told what the sink answers.
    /// - Throws: `ErrorRules.Mistake` for a rule of `errors:` that cannot be used.
    package init(
        _ pipeline: Pipeline, sink: any RecordSink, control: StepControl, clock: any EngineClock, logger: Logger
    ) throws(ErrorRules.Mistake) {
        let deliver = pipeline.deliver
        name = pipeline.deliveryStep
        self.sink = sink
        timeout = deliver.timeout
        ordered = pipeline.queue.type == .fifo
        pace = DeliveryPace(deliver.backoff)
        self.logger = logger
        policy = FailurePolicy(
            rules: try ErrorRules(deliver.errors), backoff: deliver.backoff, step: name, version: nil, clock: clock,
            control: control)
    }

    package func process(_ batch: [ReceivedMessage]) async -> [Disposition] {
        var decisions = BatchDecisions(batch, ordered: ordered)
        _ = await deliver(Array(batch.indices), &decisions)
        return decisions.dispositions
    }

    package func settled(
        _ batch: [ReceivedMessage], _ settlement: Settlement, _ outcomes: [SettlementResult.Outcome]
    ) async {
        var identities: [RecordIdentity] = []
        for (index, entry) in settlement.entries.enumerated() where outcomes[index] == .settled {
            if case .delivered = entry.disposition { identities.append(batch[index].lineage.identity) }
        }
        guard !identities.isEmpty else { return }
        do throws(SinkError) {
            try await sink.settled(identities)
        } catch {
            logger.warning(
                "The sink could not forget records that are settled; it remembers them a while longer",
                metadata: ["step": "\(name)", "records": "\(identities.count)", "reason": "\(error.reason)"])
        }
    }

    /// Writes those of `indices` that are still open, in order.
    /// - Returns: false when the rest of the batch may not be written now.
    private func deliver(_ indices: [Int], _ decisions: inout BatchDecisions) async -> Bool {
        var pending = decisions.open(indices)
        while !pending.isEmpty {
            if Task.isCancelled { return false }
            let piece = Array(pending.prefix(pace.largestWrite))
            let attempt = policy.control.beginWrite()
            let result = await write(piece.map { SinkRecord(decisions.batch[$0]) })
            if let event = event(of: result) { policy.control.ended(attempt, event) }
            switch result {
            case .success(let effects):
                took(piece, effects, &decisions)
            case .failure(.rejected(let rejections)):
                let named = rejections.filter { piece.indices.contains($0.index) }.sorted { $0.index < $1.index }
                let goesOn =
                    named.isEmpty
                    ? await halve(piece, "the sink rejects records that it was not given", "sink", &decisions)
                    : reject(named, of: piece, &decisions)
                guard goesOn else { return false }
            case .failure(.batchRejected(let reason, let type)):
                guard await halve(piece, reason, type, &decisions) else { return false }
            case .failure(.tooLarge(let reason, let type)):
                pace.tooLarge(piece.count)
                guard await halve(piece, reason, type, &decisions) else { return false }
            case .failure(.busy(let reason, let type, let after)):
                let problem = Problem(reason: reason, type: type, remedy: .retry)
                busy(piece, problem, after, isProbe: attempt.isProbe, &decisions)
                return false
            case .failure(.unavailable):
                return false
            }
            pending = decisions.open(pending)
        }
        return true
    }

    /// What a write tells the breaker; `nil` = nothing: cancelled, it is we who ended the connection.
    private func event(of result: Result<[SinkEffect], SinkError>) -> Breaker.Event? {
        switch result {
        case .success, .failure(.rejected), .failure(.batchRejected), .failure(.tooLarge): .answered
        case .failure(.busy(let reason, _, _)): Task.isCancelled ? nil : .busy(reason)
        case .failure(.unavailable(let reason, _)): Task.isCancelled ? nil : .unavailable(reason)
        }
    }

    private func took(_ piece: [Int], _ effects: [SinkEffect], _ decisions: inout BatchDecisions) {
        pace.wrote(piece.map { decisions.batch[$0].lineage.identity })
        if effects.count != piece.count {
            logger.error(
                "A sink wrote a batch and did not say what each record came to; they are counted as written",
                metadata: ["step": "\(name)", "records": "\(piece.count)", "answers": "\(effects.count)"])
        }
        for (place, index) in piece.enumerated() {
            decisions.decide(index, .delivered(place < effects.count ? effects[place] : .written))
        }
    }

    /// - Parameter rejections: in order.
    /// - Returns: false if a rule says pause.
    private func reject(
        _ rejections: [SinkRejection], of piece: [Int], _ decisions: inout BatchDecisions
    ) -> Bool {
        let refused = Set(rejections.map(\.index))
        let others = piece.indices.lazy.filter { !refused.contains($0) }.map { piece[$0] }
        // The sink judged a record with those before it written. As soon as one of them has to wait behind a
        // rejected one of its group, what is left is judged anew.
        let lastOther = decisions.lastOfGroup(among: others)
        for rejection in rejections {
            let index = piece[rejection.index]
            guard !decisions.open(CollectionOfOne(index)).isEmpty else { continue }
            guard reject(index, rejection.reason, rejection.type, &decisions) else { return false }
            if decisions.holds(lastOther, behind: index) { break }
        }
        return true
    }

    private func reject(_ index: Int, _ reason: String, _ type: String, _ decisions: inout BatchDecisions) -> Bool {
        let problem = Problem(reason: reason, type: type, remedy: .reject)
        guard let disposition = policy.disposition(of: decisions.batch[index], failedBy: problem) else {
            return false
        }
        decisions.decide(index, disposition)
        return true
    }

    private func halve(
        _ piece: [Int], _ reason: String, _ type: String, _ decisions: inout BatchDecisions
    ) async -> Bool {
        if piece.count == 1 { return reject(piece[0], reason, type, &decisions) }
        guard await deliver(Array(piece.prefix(piece.count / 2)), &decisions) else { return false }
        return await deliver(Array(piece.dropFirst(piece.count / 2)), &decisions)
    }

    /// The service cannot now: everything is released, and only a record that was alone while others got through
    /// pays with a receive.
    private func busy(
        _ piece: [Int], _ problem: Problem, _ after: Duration?, isProbe: Bool, _ decisions: inout BatchDecisions
    ) {
        if Task.isCancelled { return }
        // Other records are not to be sent before either.
        if let after, after > .zero {
            policy.control.hold(until: policy.clock.now + after)
            logger.notice(
                "The sink asks to be left alone for a while",
                metadata: ["step": "\(name)", "seconds": "\(after.formattedSeconds)"])
        }
        let (delay, spends) = pace.busy(piece.map { decisions.batch[$0].lineage.identity }, after: after)
        if spends, !isProbe, let index = piece.first {
            decisions.decide(index, policy.retry(decisions.batch[index], problem, after: after ?? .zero))
        }
        decisions.releaseRest(after: delay)
    }

    private enum WriteEvent: Sendable {
        case done(Result<[SinkEffect], SinkError>)
        case timeUp
        case timerCancelled
    }

    /// A write that takes too long is cancelled and then waited for: whether it was committed decides, not the
    /// clock.
    private func write(_ records: [SinkRecord]) async -> Result<[SinkEffect], SinkError> {
        await withTaskGroup(of: WriteEvent.self) { group in
            group.addTask {
                do throws(SinkError) {
                    return .done(.success(try await sink.write(records)))
                } catch {
                    return .done(.failure(error))
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                    return .timeUp
                } catch {
                    return .timerCancelled
                }
            }
            var isLate = false
            for await event in group {
                switch event {
                case .timerCancelled: continue
                case .timeUp:
                    isLate = true
                    group.cancelAll()
                case .done(.failure(let error)) where isLate && error.isService:
                    let reason = "timeout: the write took longer than \(timeout.formattedSeconds) s"
                    return .failure(.busy(reason: reason, type: "timeout", after: nil))
                case .done(let result):
                    group.cancelAll()
                    return result
                }
            }
            return .failure(.busy(reason: "the write did not end", type: "timeout", after: nil))
        }
    }
}

extension SinkRecord {
    init(_ message: ReceivedMessage) {
        let lineage = message.lineage
        self.init(identity: lineage.identity, name: lineage.name, body: message.body, received: lineage.received)
    }
}

extension SinkError {
    package var reason: String {
        switch self {
        case .rejected(let rejections): rejections.first?.reason ?? "no record is named"
        case .batchRejected(let reason, _), .tooLarge(let reason, _), .busy(let reason, _, _),
            .unavailable(let reason, _):
            reason
        }
    }

    /// Whether it tells of the service, not of the records.
    var isService: Bool {
        switch self {
        case .busy, .unavailable: true
        case .rejected, .batchRejected, .tooLarge: false
        }
    }
}
