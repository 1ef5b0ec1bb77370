import Foundation
import GRDB
import Logging
import Sluice
import SluiceTesting
import Testing

@testable import SluiceConnectors

/// A delivery to a real database, whose loop runs while something happens to it.
@Suite("A delivery whose SQLite database goes away", .timeLimit(.minutes(4)))
struct SQLiteSinkOutageTests {
    @Test("a lock of another process opens the breaker after some tries", arguments: ["wal", "delete"])
    func locked(_ mode: String) async throws {
        let outage = try Outage(journal: mode)
        let locker = Process()
        let (input, output) = (Pipe(), Pipe())
        try await outage.run(reason: "is locked by another connection") {
            locker.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            locker.arguments = ["python3", "-c", Self.lock, outage.place.path]
            locker.standardInput = input
            locker.standardOutput = output
            let (said, saying) = AsyncStream.makeStream(of: Data.self)
            output.fileHandleForReading.readabilityHandler = { saying.yield($0.availableData) }
            try locker.run()
            let first = await said.first { _ in true }
            output.fileHandleForReading.readabilityHandler = nil
            #expect(String(decoding: first ?? Data(), as: UTF8.self).hasPrefix("locked"))
        } whenOpen: {
            #expect(locker.isRunning)
            try input.fileHandleForWriting.close()
        }
    }

    private static let lock = """
        from sys import argv, stdin
        from sqlite3 import connect
        connection = connect(argv[1], isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        print("locked", flush=True)
        stdin.read()
        """

    /// Permissions mean nothing to root; a folder where the journal must be stops root as well.
    @Test("a folder in which no journal can be made opens it at once")
    func noJournal() async throws {
        let outage = try Outage(journal: "delete")
        let journal = outage.place.path + "-journal"
        try await outage.run(reason: "shop.db") {
            try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
        } whenOpen: {
            try FileManager.default.removeItem(atPath: journal)
        }
    }

    @Test("a read-only folder opens it at once", .enabled(if: geteuid() != 0))
    func readOnlyFolder() async throws {
        let outage = try Outage(journal: "delete")
        let folder = outage.place.folder
        try await outage.run(reason: "shop.db") {
            #expect(chmod(folder, 0o555) == 0)
        } whenOpen: {
            #expect(chmod(folder, 0o755) == 0)
        }
    }

    /// The limit is the connection's, so that the next one, made by the probe, has room.
    @Test("a full database opens it at once")
    func full() async throws {
        let outage = try Outage(journal: "wal")
        try await outage.run(reason: "is full", probesFail: false) {
            try await outage.onConnection { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                try database.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
        } whenOpen: {
        }
    }

    @Test("a database that is moved away opens it until it is back", arguments: ["wal", "delete"])
    func moved(_ mode: String) async throws {
        let outage = try Outage(journal: mode)
        try await outage.run(reason: "there is no database") {
            try outage.moveAway()
        } whenOpen: {
            try outage.moveBack()
        }
    }

    @Test("one that is moved away in the middle of a transaction is not written to")
    func movedWhileWriting() async throws {
        let outage = try Outage(journal: "delete")
        try await outage.run(reason: "there is no database") {
            try await outage.onConnection { database in
                database.add(
                    function: DatabaseFunction("move_away", argumentCount: 0) { _ in
                        try outage.moveAway()
                        return nil
                    })
            }
            try outage.place.execute(
                "CREATE TRIGGER away AFTER INSERT ON orders WHEN new.n = 25 BEGIN SELECT move_away(); END")
        } whenOpen: {
            try outage.moveBack()
            #expect(try outage.place.storedNumbers() == Array(0..<20), "nothing of the interrupted batch")
            try outage.place.execute("DROP TRIGGER away")
        }
    }

    @Test("one that is moved away while it commits has the batch, which is known when it is back")
    func movedWhileCommitting() async throws {
        let outage = try Outage(journal: "delete")
        let observer = CommitObserver { try outage.moveAway() }
        try await outage.run(reason: "there is no database") {
            try await outage.onConnection { $0.add(transactionObserver: observer, extent: .databaseLifetime) }
        } whenOpen: {
            try outage.moveBack()
            #expect(try outage.place.storedNumbers() == Array(0..<40))
        }
    }

    @Test("a database that takes its place is used from the first probe on")
    func replaced() async throws {
        let outage = try Outage(journal: "delete")
        let other = "\(outage.place.folder)/other.db"
        try await outage.run(reason: "was removed or replaced", probesFail: false, expecting: 20..<50) {
            let database = try DatabaseQueue(path: other)
            try await database.write { try $0.execute(sql: "CREATE TABLE orders(n, text)") }
            try database.close()
            #expect(rename(other, outage.place.path) == 0)
        } whenOpen: {
        }
    }
}

/// Does something between the last statement of a transaction and its commit.
private final class CommitObserver: TransactionObserver, Sendable {
    private let action: @Sendable () throws -> Void
    init(_ action: @escaping @Sendable () throws -> Void) { self.action = action }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { try action() }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

/// Fifty records, of which twenty are delivered before something happens.
private struct Outage {
    let place: SinkFolder
    private let queue = ScriptedQueue()
    private let clock = ManualClock()
    private let settler: ScriptedSettler
    private let control: StepControl
    private let sink: SQLiteSink
    private let pipeline: Pipeline
    private let logger: Logger

    init(journal: String) throws {
        place = try SinkFolder()
        try place.execute("PRAGMA journal_mode = \(journal); CREATE TABLE orders(n, text)")
        var deliver = place.deliver
        deliver.breaker = BreakerPlan(after: 2)
        pipeline = Pipeline(name: "orders", source: .queue("orders-in"), deliver: deliver)
        sink = try SQLiteSink(deliver, path: place.path, folder: "folder-1", pipeline: "orders", logger: .silent)
        settler = ScriptedSettler(queue)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        self.logger = logger
        control = StepControl(
            name: pipeline.deliveryStep, breaker: deliver.breaker, clock: clock, logger: logger)
    }

    /// Runs the delivery, with what happens after the first records and what repairs it when the breaker is open.
    func run(
        reason: String, probesFail: Bool = true, expecting expected: Range<Int> = 0..<50,
        _ happens: @escaping @Sendable () async throws -> Void,
        whenOpen repair: @escaping @Sendable () async throws -> Void
    ) async throws {
        let step = try DeliveryStep(pipeline, sink: sink, control: control, clock: clock, logger: logger)
        let loop = StepLoop(
            step, from: queue, settler: settler, control: control,
            plan: StepLoop.Plan(concurrency: 1, batch: 20, ordered: false), clock: clock, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await loop.run() }
            group.addTask {
                put(0..<20)
                try await queue.wait { $0.count == 0 && $0.waiting == 1 }
                try await happens()
                put(20..<50)
                try await queue.wait { $0.inFlight == 0 && control.isBreakerOpen }
                if probesFail {
                    clock.advance(by: .seconds(30))
                    try await queue.wait { $0.inFlight == 0 && control.failedProbes == 1 }
                }
                expectOpen(reason)
                #expect(queue.count == 30 && Set(queue.receiveCounts.values) == [0], "no receive was spent")
                try await repair()
                clock.advance(by: .seconds(30))
                try await queue.wait { $0.count == 0 }
                #expect(control.reportedState == .running)
            }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        await sink.close()
        #expect(try place.storedNumbers() == Array(expected))
        #expect(settler.dead.isEmpty)
        #expect(try place.texts("SELECT 1 FROM _sluice_delivered") == [])
    }

    /// Each is large enough for a batch to need more pages.
    private func put(_ numbers: Range<Int>) {
        let text = String(repeating: "x", count: 1_000)
        queue.put(numbers.map { .scripted($0, #"{"n":\#($0),"text":"\#(text)"}"#) })
    }

    private func expectOpen(_ reason: String) {
        guard case .breakerOpen(_, let shown, _) = control.reportedState else {
            Issue.record("the status shows no open breaker")
            return
        }
        #expect(shown.contains(reason))
    }

    /// Does something on the sink's own connection.
    func onConnection(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
        try await sink.onConnection(body)
    }

    func moveAway() throws { try move(from: place.path, to: "\(place.folder)/away") }
    func moveBack() throws { try move(from: "\(place.folder)/away", to: place.path) }

    private func move(from: String, to: String) throws {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: from + suffix) {
            try FileManager.default.moveItem(atPath: from + suffix, toPath: to + suffix)
        }
    }
}

extension SQLiteSink {
    fileprivate func onConnection(_ body: @Sendable (Database) throws -> Void) throws {
        try database?.queue.inDatabase { try body($0) }
    }
}
