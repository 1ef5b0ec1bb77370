import Foundation
import Logging
import ServiceLifecycle
import Sluice
import SluiceFunctions

#if os(Linux)
    /// `run --watch`: reloads when definitions or code change on the disk. Whether anything has changed that counts is
    /// up to the reload: an editor makes many changes that do not.
    final class DefinitionWatch: Service {
        private let pipelines: RunningPipelines
        private let changes: FolderChanges
        private let logger: Logger

        /// Saving is several changes, and a checkout many: it is over when none has come for so long.
        private static let quiet: Duration = .milliseconds(200)
        /// Where changes never end, they are looked at all the same.
        private static let longest: Duration = .seconds(3)
        /// Where folders come faster than they are looked at, the next change has the rest.
        private static let mostLooks = 10

        /// Changes are remembered from here on; `run()` begins with a look at what has changed since the definitions
        /// were read.
        /// - Throws: `ControlError` when the kernel cannot watch.
        init(_ pipelines: RunningPipelines) throws {
            self.pipelines = pipelines
            logger = pipelines.logger
            changes = try FolderChanges(counts: CodeFolder.holds)
            try watchFolders()
        }

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                do {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await self.reloadOnChanges() }
                        group.addTask { try await self.follow() }
                        try await group.waitForAll()
                    }
                } catch is CancellationError {
                    // Our own shutdown: only that ends the waits.
                    return
                }
            }
        }

        private func reloadOnChanges() async throws {
            pipelines.reloadUnasked()
            var seen: UInt64 = 0
            while true {
                try await changes.signal.wait(after: seen)
                let begin = ContinuousClock.now
                repeat {
                    seen = changes.signal.version
                    try await Task.sleep(for: Self.quiet)
                } while changes.signal.version != seen && begin.duration(to: .now) < Self.longest
                // First the new folders, then the look: what changes in them after it is told.
                lookAfterFolders()
                logger.debug("Files have changed: reading the definitions again")
                pipelines.reloadUnasked()
            }
        }

        /// After a reload with other definitions other folders count.
        private func follow() async throws {
            var seen: UInt64 = 0
            while true {
                try await pipelines.reloaded.wait(after: seen)
                seen = pipelines.reloaded.version
                lookAfterFolders()
            }
        }

        private func lookAfterFolders() {
            do {
                try watchFolders()
            } catch {
                logger.error("--watch: not all folders are watched any more: \(error)")
            }
        }

        /// A folder that comes after the others were listed and before they are watched is told by nobody: so they are
        /// listed again.
        private func watchFolders() throws {
            var watched: Set<String> = []
            for _ in 0..<Self.mostLooks {
                let present = try folders()
                if present == watched { return }
                try changes.watch(present)
                watched = present
            }
        }

        /// Those of the definitions, and those of the code with all that is in them. The folder above each tells when
        /// it is replaced as a whole.
        private func folders() throws -> Set<String> {
            var folders = Set(pipelines.source.folders)
            for folder in pipelines.source.folders { folders.insert(Self.above(folder)) }
            for definition in pipelines.definitions where definition.pipeline.transform?.isProcess == true {
                if case .jq(let jq)? = definition.pipeline.transform?.kind {
                    if let file = JQSource(jq, of: definition.pipeline).path { folders.insert(Self.above(file)) }
                    continue
                }
                guard let code = definition.pipeline.codeFolder else { continue }
                folders.insert(Self.above(code))
                folders.insert(code)
                guard FileManager.default.fileExists(atPath: code) else { continue }
                folders.formUnion(try CodeFolder(code).contents().folders.map { "\(code)/\($0)" })
            }
            return folders
        }

        private static func above(_ folder: String) -> String {
            URL(filePath: folder).deletingLastPathComponent().path
        }
    }
#endif
