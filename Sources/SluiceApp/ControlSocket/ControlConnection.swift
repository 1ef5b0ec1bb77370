import Logging
import NIOCore
import Sluice
import Synchronization

/// One client. Its requests run at the same time; its ordered sends one after the other (`SendLane`). When it goes,
/// what it was waiting for is cancelled.
struct ControlConnection: Sendable {
    let control: any Control
    let logger: Logger

    /// More than any command has under way, so that a client out of its mind cannot make tasks without end.
    private static let mostRequests = 1_000

    func serve(_ channel: any Channel) async {
        do {
            let connection = try await channel.eventLoop.submit {
                try ControlServer.Connection(wrappingChannelSynchronously: channel)
            }.get()
            try await channel.setOption(.autoRead, value: true).get()
            try await connection.executeThenClose { inbound, outbound in
                try await withThrowingDiscardingTaskGroup { group in
                    let lane = SendLane(control: control, writer: ControlWriter(outbound: outbound))
                    group.addTask { await lane.run() }
                    let calls = OngoingCalls()
                    for try await frame in inbound {
                        try take(frame, lane: lane, calls: calls, group: &group, outbound: outbound)
                    }
                    group.cancelAll()
                }
            }
        } catch {
            // A client that went away, or one that does not speak this protocol: its own affair.
            logger.debug("a control connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func take(
        _ frame: ControlFrame, lane: SendLane, calls: OngoingCalls,
        group: inout ThrowingDiscardingTaskGroup<any Error>,
        outbound: NIOAsyncChannelOutboundWriter<ControlFrame>
    ) throws {
        let writer = ControlWriter(outbound: outbound)
        switch frame.kind {
        case .request:
            let cancelled = try calls.begin(frame.call, atMost: Self.mostRequests)
            group.addTask {
                await answer(frame, unless: cancelled, writer) { calls.end(frame.call) }
            }
        case .send:
            let payload = try SendPayload(decoding: frame.payload)
            if payload.ordered {
                try lane.put(payload, call: frame.call, bytes: frame.payload.readableBytes)
                return
            }
            let cancelled = try calls.begin(frame.call, atMost: Self.mostRequests)
            group.addTask {
                await store(payload, call: frame.call, unless: cancelled, writer) { calls.end(frame.call) }
            }
        case .cancel: calls.cancel(frame.call)
        case .answer, .failure, .sendResults:
            throw FrameError(description: "a client sent an answer")
        }
    }

    /// - Parameter ended: called before the answer is written: whoever has it may use the number again.
    private func answer(
        _ frame: ControlFrame, unless cancelled: AsyncStream<Void>, _ writer: ControlWriter, ended: () -> Void
    ) async {
        do {
            let request = try decode(frame.payload)
            let answer = try await withCancellation(cancelled) { try await control.answer(request) }
            ended()
            await writer.write(.answer, frame.call) { try ControlJSON.encode(answer, allocator: $0) }
        } catch {
            ended()
            await writer.fail(frame.call, error)
        }
    }

    private func decode(_ payload: ByteBuffer) throws -> ControlRequest {
        do {
            return try ControlJSON.decode(ControlRequest.self, from: payload)
        } catch {
            throw ControlError.refused(
                "the running process does not understand this request; use the same version of the command "
                    + "and of the process")
        }
    }

    private func store(
        _ payload: SendPayload, call: UInt32, unless cancelled: AsyncStream<Void>, _ writer: ControlWriter,
        ended: () -> Void
    ) async {
        do {
            let results = try await withCancellation(cancelled) {
                try await control.send(payload.messages, to: payload.queue, at: payload.position)
            }
            ended()
            await writer.write(.sendResults, call) { SendResultsPayload(results).encoded(allocator: $0) }
        } catch {
            ended()
            await writer.fail(call, error)
        }
    }
}

/// Runs `work`, and cancels it when `cancelled` says so.
private func withCancellation<Value: Sendable>(
    _ cancelled: AsyncStream<Void>, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            for await _ in cancelled { return nil }
            return nil
        }
        defer { group.cancelAll() }
        while let value = try await group.next() {
            if let value { return value }
            group.cancelAll()
        }
        throw CancellationError()
    }
}

/// The requests of one connection that are under way, and how each is cancelled.
private final class OngoingCalls: Sendable {
    private let signals = Mutex<[UInt32: AsyncStream<Void>.Continuation]>([:])

    func begin(_ call: UInt32, atMost limit: Int) throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try signals.withLock { signals in
            guard signals[call] == nil, signals.count < limit else {
                throw FrameError(description: "too many requests at once, or one number twice")
            }
            signals[call] = continuation
        }
        return stream
    }

    func cancel(_ call: UInt32) { signals.withLock { _ = $0[call]?.yield(()) } }
    func end(_ call: UInt32) { signals.withLock { _ = $0.removeValue(forKey: call) } }
}

extension Control {
    /// The one place where a request becomes a call.
    func answer(_ request: ControlRequest) async throws -> ControlAnswer {
        switch request {
        case .hello: .hello(try await hello())
        case .status(let pipeline): .status(try await status(pipeline: pipeline))
        case .queues(let name): .queues(try await queues(named: name))
        case .createQueue(let name, let attributes): .created(try await createQueue(name, attributes))
        case .queueDetail(let name): .queueDetail(try await detail(ofQueue: name))
        case .peek(let name, let state, let limit): .peeked(try await peek(name, state: state, limit: limit))
        case .purgeQueue(let name, let who): .purged(try await purgeQueue(name, who: who))
        case .put(let uploads): .put(try await put(uploads))
        case .buckets(let name): .buckets(try await buckets(named: name))
        case .objects(let selection): .objects(try await objects(selection))
        case .archive(let pipeline): .archive(try await archive(pipeline: pipeline))
        case .rawCopies(let selection): .rawCopies(try await rawCopies(selection))
        case .archivedObjects(let selection): .archivedObjects(try await archivedObjects(selection))
        case .verifyArchive(let pipeline, let place):
            .verification(try await verifyArchive(pipeline: pipeline, after: place))
        case .places(let identity, let pipeline): .places(try await places(of: identity, in: pipeline))
        case .estimate(let request): .estimate(try await estimate(request))
        case .beginReplay(let request): .replay(try await beginReplay(request))
        case .continueReplay(let number, let limit): .replay(try await continueReplay(number, atMost: limit))
        case .codeVersions(let step): .codeVersions(try await codeVersions(of: step))
        case .deadLetterGroups(let pipeline): .deadLetterGroups(try await deadLetterGroups(pipeline: pipeline))
        case .deadLetters(let selection, let limit):
            .deadLetters(try await deadLetters(selection, limit: limit))
        case .deadLetterPage(let selection, let place):
            .deadLetterPage(try await deadLetters(selection, after: place))
        case .redrive(let selection, let options): .redriven(try await redrive(selection, options))
        case .discard(let selection, let reason, let who):
            .discarded(try await discard(selection, reason: reason, who: who))
        case .pause(let pipeline, let step, let reason):
            .steps(try await pause(pipeline: pipeline, step: step, reason: reason))
        case .resume(let pipeline, let step): .steps(try await resume(pipeline: pipeline, step: step))
        case .wait(let pipeline, let condition):
            try await waited(pipeline, condition)
        case .planReload(let files): .reload(try await planReload(of: files))
        case .reload(let files, let shown): .reload(try await reload(files, as: shown))
        }
    }

    private func waited(_ pipeline: String?, _ condition: WaitCondition) async throws -> ControlAnswer {
        try await wait(pipeline: pipeline, until: condition)
        return .waited
    }
}
