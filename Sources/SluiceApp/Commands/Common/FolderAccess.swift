import Sluice

/// How a command came to the data folder.
enum FolderAccess: Sendable {
    /// Another process runs; its control, over the socket.
    case remote(RemoteControl)
    /// Nobody else has it: open in this process.
    case local(any OpenEngine)
}

/// What a command wants the data folder for.
enum FolderUse: Sendable {
    /// A moment; another command that has the folder for a moment serves it as well. When that one ends first, it is
    /// done again: what is done twice must have the effect of once, and print at its end.
    case brief
    /// Longer than a moment: it does not work through another command, but waits for its end.
    case lasting
    /// As `lasting`, by a command whose process was cut off. Whoever ran is given time to be started anew, and to read
    /// its folder, before this one takes it: it would keep it from whom it belongs to.
    case resumed

    /// How long the folder is left to others while nobody has it.
    var leftToOthers: Duration { self == .resumed ? CommandContext.patience : .zero }
    /// How long to wait while somebody has it and does not answer.
    var patience: Duration { self == .resumed ? .seconds(60) : CommandContext.patience }
}

extension CommandContext {
    /// Gives `body` the control of whoever has the data folder: the running process, or this one, which opens the
    /// folder for as long as `body` takes and serves its socket meanwhile.
    /// - Parameters:
    ///   - mayCreate: make the folder if there is none.
    /// - Throws: `ControlError.busy` when another command keeps the folder for too long, `TimeoutError`.
    func withControl<Value: Sendable>(
        mayCreate: Bool = false, use: FolderUse = .brief,
        _ body: @escaping @Sendable (any Control) async throws -> Value
    ) async throws -> Value {
        let folder = try dataFolder(mayCreate: mayCreate)
        let deadline = ContinuousClock.now + (timeout ?? use.patience)
        while true {
            do {
                return try await attempt(folder.path, mayCreate: mayCreate, use: use, body)
            } catch is OtherCommandEnded where ContinuousClock.now < deadline {
                continue
            } catch let end as OtherCommandEnded {
                throw end.error
            }
        }
    }

    private func attempt<Value: Sendable>(
        _ folder: String, mayCreate: Bool, use: FolderUse,
        _ body: @escaping @Sendable (any Control) async throws -> Value
    ) async throws -> Value {
        switch try await access(folder, mayCreate: mayCreate, use: use) {
        case .remote(let remote):
            do {
                let value = try await withTimeout(timeout) { try await body(remote) }
                try await remote.close()
                return value
            } catch {
                try await remote.close()
                if case ControlError.gone = error, remote.peer.isCommand { throw OtherCommandEnded(error: error) }
                throw error
            }
        case .local(let engine):
            do {
                let value = try await serving(engine, folder: folder, body)
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
    func access(_ folder: String, mayCreate: Bool, use: FolderUse) async throws -> FolderAccess {
        let start = ContinuousClock.now
        let deadline = start + (timeout ?? use.patience)
        let leftToOthers = start + use.leftToOthers
        while true {
            let exists = FolderLocation.isDirectory(folder)
            let watch = exists ? try FolderWatch(folder: folder) : nil
            var obstacle: ControlError?
            if exists,
                let remote = try await RemoteControl.connect(folder: folder, answerWithin: timeout ?? Self.patience)
            {
                guard use != .brief, remote.peer.isCommand else { return .remote(remote) }
                obstacle = .busy("the data folder '\(folder)' is in use by a command, process \(remote.peer.processID)")
                try await remote.close()
            } else if watch == nil || ContinuousClock.now >= leftToOthers {
                do {
                    return .local(
                        try await application.assembly.open(
                            folder: folder, create: mayCreate, clockRate: clockRate, logger: logger))
                } catch let error as ControlError {
                    guard case .busy = error else { throw error }
                    obstacle = error
                }
            }
            let left = (obstacle == nil ? leftToOthers : deadline) - ContinuousClock.now
            if left <= .zero {
                if let obstacle { throw obstacle }
            } else if let watch {
                try await watch.wait(atMost: left)
            }
            // Without a watch there was no folder, and whoever has made it since has it: look again, watching.
        }
    }
}

/// A command that served us had what it wanted, and went.
private struct OtherCommandEnded: Error {
    let error: any Error
}

/// The control of a command that has the folder open; says so in its hello.
private struct CommandControl: ForwardingControl {
    let control: any Control

    func hello() async throws -> ControlHello {
        var hello = try await control.hello()
        hello.isCommand = true
        return hello
    }
}
