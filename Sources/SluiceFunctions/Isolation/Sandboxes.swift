import Dispatch
import Foundation
package import Logging
import Sluice
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Makes and removes the sandboxes of one host, and removes at its start what a killed one has left.
///
/// Nothing is made before the first function asks for it.
package final class Sandboxes: Sendable {
    /// What all sandboxes share.
    private struct Shared {
        let host: HostGroup?
        let watchdog: Watchdog
    }

    private struct State {
        var shared: Shared?
        var count = 0
        /// Those that were made and not removed yet.
        var present = 0
        /// Groups whose processes have been killed and may still be ending. The kernel does not say when they are
        /// gone: they are tried again when another sandbox is made or removed, and by the watchdog at the end.
        var ending: [EndingGroup] = []
    }

    private let folder: String
    private let owner: String
    private let limits: FunctionLimits
    private let logger: Logger
    private let state = Mutex(State())
    /// Removing a large folder takes a while, and nobody waits for it.
    private let cleaning = DispatchQueue(label: "sluice.functions.cleaning")
    /// Notified when one is removed.
    private let removed = Signal()

    /// - Parameters:
    ///   - folder: for temporary folders; nobody else uses it, and what is in it is removed.
    ///   - owner: names the control group: the data folder's id.
    package init(folder: String, owner: String, limits: FunctionLimits, logger: Logger) {
        self.folder = folder
        self.owner = owner
        self.limits = limits
        self.logger = logger
    }

    /// Makes what all sandboxes share.
    /// - Throws: `ControlError` when the folder cannot be made, or this process may open no more files.
    func open() throws { try state.withLock { _ = try shared(&$0) } }

    private func shared(_ state: inout State) throws -> Shared {
        if let shared = state.shared { return shared }
        try empty()
        let host = hostGroup()
        let shared = Shared(host: host, watchdog: try Watchdog(groups: host?.folders ?? [], logger: logger))
        state.shared = shared
        state.ending = host?.left() ?? []
        Self.tryAgain(&state.ending)
        return shared
    }

    private func empty() throws {
        do {
            if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
        } catch {
            // Something in it that is not ours to remove: new ones get other names.
            logger.warning("Temporary folders of functions cannot be removed", metadata: ["error": "\(error)"])
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ControlError.refused("cannot make the folder '\(folder)': \(error.localizedDescription)")
        }
    }

    private func hostGroup() -> HostGroup? {
        guard case .controlGroups(let groups) = limits else {
            logger.info("\(limits)")
            return nil
        }
        do {
            let host = try HostGroup(groups, owner: owner)
            logger.info("\(limits)")
            return host
        } catch {
            logger.warning("\(FunctionLimits.processLimits(because: "\(error)"))")
            return nil
        }
    }

    /// - Throws: `ControlError` when the machine does not let us.
    func make(memory: ByteCount) throws -> Sandbox {
        try state.withLock { state in
            let shared = try shared(&state)
            Self.tryAgain(&state.ending)
            let temporary = try makeFolder(&state)
            let group = shared.host?.group(named: "\(state.count)")
            do {
                // Somebody may have taken the host's own group away: without it nothing would ever start again.
                if let host = shared.host, !host.isThere { try host.restore() }
                try group?.make(memoryLimit: memory)
            } catch {
                rmdir(temporary)
                throw error
            }
            state.present += 1
            return Sandbox(
                temporaryFolder: temporary, group: group, memory: memory, watchdog: shared.watchdog, owner: self)
        }
    }

    private func makeFolder(_ state: inout State) throws -> String {
        while true {
            state.count += 1
            let path = "\(folder)/\(state.count)"
            if mkdir(path, 0o700) == 0 { return path }
            // What could not be removed keeps its name.
            guard errno == EEXIST else {
                throw ControlError.failed("cannot make the temporary folder '\(path)': \(Errno(rawValue: errno))")
            }
        }
    }

    func remove(_ sandbox: Sandbox) {
        sandbox.group?.killAll()
        state.withLock { state in
            if let group = sandbox.group { state.ending.append(EndingGroup(group)) }
            Self.tryAgain(&state.ending)
        }
        cleaning.async { [self] in
            defer {
                state.withLock { $0.present -= 1 }
                removed.notify()
            }
            do {
                try FileManager.default.removeItem(atPath: sandbox.temporaryFolder)
            } catch {
                logger.warning("A temporary folder of a function cannot be removed", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func tryAgain(_ ending: inout [EndingGroup]) { ending.removeAll { $0.remove() } }

    /// Returns when none is left: each is removed when its process has ended, and that may be a moment after it was
    /// killed.
    /// - Throws: `CancellationError`.
    package func waitUntilNoneIsLeft() async throws {
        while true {
            let version = removed.version
            if state.withLock({ $0.present }) == 0 { return }
            try await removed.wait(after: version)
        }
    }

    /// Returns when all that was removed is gone.
    func cleaned() async {
        await withCheckedContinuation { continuation in cleaning.async { continuation.resume() } }
    }
}
