import Sluice

/// How a command came to the data folder.
enum FolderAccess: Sendable {
    /// Another process runs; its control, over the socket.
    case remote(RemoteControl)
    /// Nobody else has it: open in this process.
    case local(any OpenEngine)
}

extension CommandContext {
    /// Gives `body` the control of whoever has the data folder: the running process, or this one, which opens the
    /// folder for as long as `body` takes and serves its socket meanwhile.
    /// - Parameters:
    ///   - mayCreate: make the folder if there is none.
    ///   - lasting: the command takes longer than a moment, and does not work through another command that has the
    ///     folder only for a moment: it waits for its end.
    /// - Throws: `ControlError.busy` when another command keeps the folder for too long, `TimeoutError`.
    func withControl<Value: Sendable>(
        mayCreate: Bool = false, lasting: Bool = false,
        _ body: @escaping @Sendable (any Control) async throws -> Value
    ) async throws -> Value {
        let folder = try dataFolder(mayCreate: mayCreate)
        switch try await access(folder.path, mayCreate: mayCreate, lasting: lasting) {
        case .remote(let remote):
            do {
                let value = try await withTimeout(timeout) { try await body(remote) }
                try await remote.close()
                return value
            } catch {
                try await remote.close()
                throw error
            }
        case .local(let engine):
            do {
                let value = try await serving(engine, folder: folder.path, body)
                await engine.close()
                return value
            } catch {
                await engine.close()
                throw error
            }
        }
    }

    private func serving<Value: Sendable>(
        _ engine: any OpenEngine, folder: String, _ body: @escaping @Sendable (any Control) async throws -> Value
    ) async throws -> Value {
        let control = engine.control
        let server = try await ControlServer.bind(
            folder: folder, control: CommandControl(control: control), logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            return try await withTimeout(timeout) { try await body(control) }
        }
    }

    /// Whoever has the folder; waits for a command that has it for a moment only.
    func access(_ folder: String, mayCreate: Bool, lasting: Bool) async throws -> FolderAccess {
        let deadline = ContinuousClock.now + (timeout ?? Self.patience)
        while true {
            let watch = FolderLocation.isDirectory(folder) ? try FolderWatch(folder: folder) : nil
            let obstacle: ControlError
            if let remote = try await RemoteControl.connect(folder: folder, answerWithin: timeout ?? Self.patience) {
                guard lasting, remote.peer.isCommand else { return .remote(remote) }
                obstacle = .busy("the data folder '\(folder)' is in use by a command, process \(remote.peer.processID)")
                try await remote.close()
            } else {
                do {
                    return .local(
                        try await application.assembly.open(
                            folder: folder, create: mayCreate, clockRate: clockRate, logger: logger))
                } catch let error as ControlError {
                    guard case .busy = error else { throw error }
                    obstacle = error
                }
            }
            let left = deadline - ContinuousClock.now
            guard left > .zero, let watch else { throw obstacle }
            try await watch.wait(atMost: left)
        }
    }
}

/// The control of a command that has the folder open; says so in its hello.
private struct CommandControl: Control {
    let control: any Control

    func hello() async throws -> ControlHello {
        var hello = try await control.hello()
        hello.isCommand = true
        return hello
    }

    func status(pipeline: String?) async throws -> StatusReport { try await control.status(pipeline: pipeline) }
    func queues(named name: String?) async throws -> [QueueReport] { try await control.queues(named: name) }
    func send(_ messages: [NewMessage], to queue: String) async throws -> [SendResult] {
        try await control.send(messages, to: queue)
    }
    func deadLetterGroups(pipeline: String?) async throws -> [DeadLetterGroup] {
        try await control.deadLetterGroups(pipeline: pipeline)
    }
    func deadLetters(_ selection: DeadLetterSelection, limit: Int) async throws -> [DeadLetter] {
        try await control.deadLetters(selection, limit: limit)
    }
    func redrive(_ selection: DeadLetterSelection, _ options: RedriveOptions) async throws -> RedriveReport {
        try await control.redrive(selection, options)
    }
    func discard(_ selection: DeadLetterSelection, reason: String, who: String) async throws -> Int {
        try await control.discard(selection, reason: reason, who: who)
    }
    func pause(pipeline: String, step: String?, reason: String?) async throws -> [StepName] {
        try await control.pause(pipeline: pipeline, step: step, reason: reason)
    }
    func resume(pipeline: String, step: String?) async throws -> [StepName] {
        try await control.resume(pipeline: pipeline, step: step)
    }
    func wait(pipeline: String?, until condition: WaitCondition) async throws {
        try await control.wait(pipeline: pipeline, until: condition)
    }
}
