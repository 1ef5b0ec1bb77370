import NIOCore
import NIOPosix
package import Sluice
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The control of another process, over its `control.sock`. Calls may run at the same time; one that is cancelled is
/// cancelled there too. When the process ends, calls under way throw `ControlError.gone`.
package struct RemoteControl: Control {
    private let channel: any Channel
    private let calls: CallNumbers
    /// Who answered when the connection was made.
    package let peer: ControlHello

    /// - Parameter answerWithin: how long a process may take to say hello; one that is stopped or hangs never does.
    /// - Returns: `nil` = nobody listens there; a socket that a dead process left is nobody.
    /// - Throws: `ControlError.refused` for a process that speaks another version, or for a folder that is somebody
    ///   else's; `ControlError.busy` when it does not answer.
    package static func connect(folder: String, answerWithin: Duration = .seconds(5)) async throws -> RemoteControl? {
        let path = try SocketPath(folder: folder)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            ByteToMessageHandler(
                                ControlFrameDecoder(), maximumBufferSize: 2 * ControlFrame.longest),
                            MessageToByteHandler(ControlFrameEncoder()),
                            RemoteCallHandler())
                    }
                }
                .connect(unixDomainSocketPath: path.address).get()
        } catch let error as IOError where [ECONNREFUSED, ENOENT, ENOTDIR, ENOTSOCK].contains(error.errnoCode) {
            return nil
        } catch let error as IOError where [EACCES, EPERM].contains(error.errnoCode) {
            throw ControlError.forbidden("the data folder '\(folder)' belongs to somebody else: \(error)")
        } catch {
            throw ControlError.failed("the process that uses '\(folder)' cannot be reached: \(error)")
        }
        return try await greet(channel, folder: folder, answerWithin: answerWithin)
    }

    private static func greet(
        _ channel: any Channel, folder: String, answerWithin: Duration
    ) async throws -> RemoteControl? {
        // One count for the connection: the other side may not be done with the greeting when the next call comes.
        let calls = CallNumbers()
        do {
            let peer = try await withTimeout(answerWithin) {
                try await RemoteControl(channel: channel, calls: calls).hello()
            }
            let version = ControlHello.currentProtocolVersion
            guard peer.protocolVersion == version else {
                throw ControlError.refused(
                    "process \(peer.processID) (version \(peer.version)) speaks version \(peer.protocolVersion) of "
                        + "control.sock, and this command speaks version \(version); use the same version of both")
            }
            return RemoteControl(channel: channel, calls: calls, peer: peer)
        } catch is TimeoutError {
            try await channel.closeIfOpen()
            throw ControlError.busy("a process uses the data folder '\(folder)' and does not answer")
        } catch ControlError.gone where !channel.isActive {
            // It ended between our connecting and its answer: by now it is nobody.
            return nil
        } catch {
            try await channel.closeIfOpen()
            throw error
        }
    }

    /// Of the latest call.
    var latestCall: UInt32 { calls.latest }

    private init(channel: any Channel, calls: CallNumbers, peer: ControlHello? = nil) {
        self.channel = channel
        self.calls = calls
        self.peer = peer ?? ControlHello(version: "", processID: 0, folder: "", pipelines: [])
    }

    /// Ends the connection; calls under way fail.
    package func close() async throws {
        try await channel.closeIfOpen()
    }

    package func hello() async throws -> ControlHello {
        guard case .hello(let hello) = try await ask(.hello(protocolVersion: ControlHello.currentProtocolVersion))
        else { throw Self.unexpected }
        return hello
    }

    package func status(pipeline: String?) async throws -> StatusReport {
        guard case .status(let report) = try await ask(.status(pipeline: pipeline)) else { throw Self.unexpected }
        return report
    }

    package func queues(named name: String?) async throws -> [QueueReport] {
        guard case .queues(let queues) = try await ask(.queues(name: name)) else { throw Self.unexpected }
        return queues
    }

    package func put(_ uploads: [ObjectUpload]) async throws -> [StoredObject] {
        guard case .put(let objects) = try await ask(.put(uploads)) else { throw Self.unexpected }
        return objects
    }

    package func buckets(named name: String?) async throws -> [BucketReport] {
        guard case .buckets(let buckets) = try await ask(.buckets(name: name)) else { throw Self.unexpected }
        return buckets
    }

    package func objects(_ selection: ObjectSelection) async throws -> [StoredObject] {
        guard case .objects(let objects) = try await ask(.objects(selection)) else { throw Self.unexpected }
        return objects
    }

    package func archive(pipeline: String?) async throws -> [ArchiveHour] {
        guard case .archive(let answer) = try await ask(.archive(pipeline: pipeline)) else { throw Self.unexpected }
        return answer
    }

    package func rawCopies(_ selection: RawCopySelection) async throws -> RawCopyPage {
        guard case .rawCopies(let answer) = try await ask(.rawCopies(selection)) else { throw Self.unexpected }
        return answer
    }

    package func archivedObjects(_ selection: ArchivedObjectSelection) async throws -> [ArchivedObject] {
        guard case .archivedObjects(let answer) = try await ask(.archivedObjects(selection)) else {
            throw Self.unexpected
        }
        return answer
    }

    package func verifyArchive(pipeline: String, after place: Int64) async throws -> ArchiveVerification {
        guard case .verification(let answer) = try await ask(.verifyArchive(pipeline: pipeline, after: place)) else {
            throw Self.unexpected
        }
        return answer
    }

    package func places(of identity: RecordIdentity, in pipeline: String) async throws -> [RecordPlace] {
        guard case .places(let answer) = try await ask(.places(identity, pipeline: pipeline)) else {
            throw Self.unexpected
        }
        return answer
    }

    package func createQueue(_ name: String, _ attributes: QueueAttributes) async throws -> Bool {
        guard case .created(let answer) = try await ask(.createQueue(name, attributes)) else { throw Self.unexpected }
        return answer
    }

    package func detail(ofQueue name: String) async throws -> QueueDetail {
        guard case .queueDetail(let answer) = try await ask(.queueDetail(name)) else { throw Self.unexpected }
        return answer
    }

    package func peek(_ name: String, state: PeekedMessage.State?, limit: Int) async throws -> [PeekedMessage] {
        guard case .peeked(let answer) = try await ask(.peek(name, state: state, limit: limit)) else {
            throw Self.unexpected
        }
        return answer
    }

    package func purgeQueue(_ name: String, who: String) async throws -> Int {
        guard case .purged(let answer) = try await ask(.purgeQueue(name, who: who)) else { throw Self.unexpected }
        return answer
    }

    package func estimate(_ request: ReplayRequest) async throws -> ReplayEstimate {
        guard case .estimate(let answer) = try await ask(.estimate(request)) else { throw Self.unexpected }
        return answer
    }

    package func beginReplay(_ request: ReplayRequest) async throws -> ReplayReport {
        guard case .replay(let answer) = try await ask(.beginReplay(request)) else { throw Self.unexpected }
        return answer
    }

    package func continueReplay(_ number: Int, atMost limit: Int) async throws -> ReplayReport {
        guard case .replay(let answer) = try await ask(.continueReplay(number, atMost: limit)) else {
            throw Self.unexpected
        }
        return answer
    }

    package func codeVersions(of step: StepName) async throws -> [CodeVersion] {
        guard case .codeVersions(let answer) = try await ask(.codeVersions(step)) else { throw Self.unexpected }
        return answer
    }

    package func deadLetterGroups(pipeline: String?) async throws -> [DeadLetterGroup] {
        guard case .deadLetterGroups(let groups) = try await ask(.deadLetterGroups(pipeline: pipeline))
        else { throw Self.unexpected }
        return groups
    }

    package func deadLetters(_ selection: DeadLetterSelection, limit: Int) async throws -> [DeadLetter] {
        guard case .deadLetters(let letters) = try await ask(.deadLetters(selection, limit: limit))
        else { throw Self.unexpected }
        return letters
    }

    package func deadLetters(
        _ selection: DeadLetterSelection, after place: DeadLetterPlace?
    ) async throws -> DeadLetterPage {
        guard case .deadLetterPage(let page) = try await ask(.deadLetterPage(selection, after: place))
        else { throw Self.unexpected }
        return page
    }

    package func redrive(_ selection: DeadLetterSelection, _ options: RedriveOptions) async throws -> RedriveReport {
        guard case .redriven(let report) = try await ask(.redrive(selection, options)) else { throw Self.unexpected }
        return report
    }

    package func discard(_ selection: DeadLetterSelection, reason: String, who: String) async throws -> Int {
        guard case .discarded(let count) = try await ask(.discard(selection, reason: reason, who: who))
        else { throw Self.unexpected }
        return count
    }

    package func pause(pipeline: String, step: String?, reason: String?) async throws -> [StepName] {
        guard case .steps(let steps) = try await ask(.pause(pipeline: pipeline, step: step, reason: reason))
        else { throw Self.unexpected }
        return steps
    }

    package func resume(pipeline: String, step: String?) async throws -> [StepName] {
        guard case .steps(let steps) = try await ask(.resume(pipeline: pipeline, step: step))
        else { throw Self.unexpected }
        return steps
    }

    package func wait(pipeline: String?, until condition: WaitCondition) async throws {
        guard case .waited = try await ask(.wait(pipeline: pipeline, condition)) else { throw Self.unexpected }
    }

    package func planReload(of files: [String]?) async throws -> ReloadPlan {
        guard case .reload(let plan) = try await ask(.planReload(files: files)) else { throw Self.unexpected }
        return plan
    }

    package func reload(_ files: [String]?, as shown: ReloadPlan?) async throws -> ReloadPlan {
        guard case .reload(let plan) = try await ask(.reload(files: files, shown: shown)) else { throw Self.unexpected }
        return plan
    }

    /// A send larger than a frame goes in parts, one after the other; when one fails those before it are stored.
    package func send(
        _ messages: [NewMessage], to queue: String, at position: SendPosition?
    ) async throws -> [SendResult] {
        var results: [SendResult] = []
        results.reserveCapacity(messages.count)
        var rest = messages[...]
        repeat {
            let part = Self.firstFrame(of: rest)
            rest = rest.dropFirst(part.count)
            let payload = SendPayload(
                queue: queue, messages: Array(part), ordered: false, position: position?.advanced(by: results.count))
            results += try await call(payload).results()
        } while !rest.isEmpty
        return results
    }

    private static func firstFrame(of messages: ArraySlice<NewMessage>) -> ArraySlice<NewMessage> {
        var size = 0
        for index in messages.indices {
            size += SendPayload.size(of: messages[index])
            if size > ControlFrame.longest / 2, index > messages.startIndex { return messages[..<index] }
        }
        return messages
    }

    private static let unexpected = ControlError.failed("the running process gave an answer to another question")

    private func ask(_ request: ControlRequest) async throws -> ControlAnswer {
        let payload = try ControlJSON.encode(request, allocator: channel.allocator)
        let frame = try await begin(.request, payload).frame()
        guard frame.kind == .answer else { throw Self.unexpected }
        do {
            return try ControlJSON.decode(ControlAnswer.self, from: frame.payload)
        } catch {
            throw ControlError.refused(
                "the running process answers in a form this command does not know; use the "
                    + "same version of both")
        }
    }

    private func call(_ payload: SendPayload) throws -> PendingSend {
        PendingSend(call: try begin(.send, payload.encoded(allocator: channel.allocator)))
    }

    /// Puts the call on its way at once, in the order of these calls.
    private func begin(_ kind: ControlFrame.Kind, _ payload: ByteBuffer) throws -> PendingCall {
        guard payload.readableBytes + 5 <= ControlFrame.longest else {
            throw ControlError.refused(
                "a request of \(payload.readableBytes) bytes is too large; at most "
                    + "\(ControlFrame.longest) travel at once")
        }
        let number = calls.next()
        let promise = channel.eventLoop.makePromise(of: ControlFrame.self)
        let frame = ControlFrame(kind: kind, call: number, payload: payload)
        // A closed channel fails the write without showing it to the handler.
        channel.writeAndFlush(RemoteCall.begin(frame, promise)).whenFailure { promise.fail($0) }
        return PendingCall(channel: channel, number: number, answer: promise.futureResult)
    }
}

extension RemoteControl: OrderedSending {
    package func begin(
        _ messages: [NewMessage], to queue: String, at position: SendPosition?
    ) throws -> any PendingResults {
        try call(SendPayload(queue: queue, messages: messages, ordered: true, position: position))
    }
}

private final class CallNumbers: Sendable {
    private let last = Atomic<UInt32>(0)
    var latest: UInt32 { last.load(ordering: .relaxed) }
    func next() -> UInt32 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// A call that is on its way.
private struct PendingCall: Sendable {
    let channel: any Channel
    let number: UInt32
    let answer: EventLoopFuture<ControlFrame>

    /// - Throws: `ControlError`, `CancellationError`.
    func frame() async throws -> ControlFrame {
        let frame: ControlFrame
        do {
            frame = try await withTaskCancellationHandler {
                try await answer.get()
            } onCancel: {
                channel.writeAndFlush(RemoteCall.cancel(number), promise: nil)
            }
        } catch let error as CancellationError {
            throw error
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError.gone("the running process went away before it answered (\(error))")
        }
        guard frame.kind == .failure else { return frame }
        throw try ControlJSON.decode(ControlError.self, from: frame.payload)
    }
}

private struct PendingSend: PendingResults {
    let call: PendingCall

    func results() async throws -> [SendResult] {
        let frame = try await call.frame()
        guard frame.kind == .sendResults else {
            throw ControlError.failed("the running process gave an answer to another question")
        }
        return try SendResultsPayload(decoding: frame.payload).results
    }
}

extension Channel {
    /// Closes it; that the other side was quicker is no error.
    fileprivate func closeIfOpen() async throws {
        do { try await close() } catch ChannelError.alreadyClosed { return }
    }
}
