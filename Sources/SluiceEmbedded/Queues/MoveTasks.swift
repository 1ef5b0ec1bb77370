import Foundation
import GRDB
package import Sluice

extension EmbeddedDirectory: MessageMoving {
    package func startMove(from source: String, to destination: String?, rate: Int?) async throws -> MessageID {
        try await store.writer.submit { try $0.startMove(from: source, to: destination, rate: rate) }
    }

    package func cancelMove(_ task: MessageID) async throws -> Int {
        try await store.writer.submit { try $0.cancelMove(task) }
    }

    package func moves(from source: String) async throws -> [MoveTask] {
        try await store.writer.submit { state in
            let queue = try state.queue(exactly: source)
            return try state.database.read { try state.moveTasks(of: queue.id, $0) }
        }
    }
}

/// A task that is under way.
struct RunningMove {
    /// Of its row.
    let number: Int64
    let queue: Int64
    var task: MoveTask
    /// When the next message may go.
    var due: Timestamp
    /// Messages that it moves at most: those that were there when it began, or when this process did. What dies again
    /// meanwhile is left to another. `nil` = not counted yet.
    var most: Int?
}

extension StoreState {
    /// Of all queues together.
    private static let mostMoves = 100
    private static let longestMove: Duration = .hours(36)
    /// Messages and bytes that one turn moves at most, so that it does not hold up the others.
    private static let mostMessages = 500
    private static let mostBytes = 1 << 20
    /// How long it rests while the disk is full: what it writes would use up what settling needs.
    private static let restOnFullDisk: Duration = .seconds(1)
    /// Tasks of a queue that are remembered when they have ended.
    private static let remembered = 10

    func startMove(from source: String, to destination: String?, rate: Int?) throws -> MessageID {
        let queue = try self.queue(exactly: source)
        guard queues.values.contains(where: { $0.record.deadLetterQueue == queue.name }) else {
            throw MoveError.noDeadLetterQueue(source)
        }
        if let destination {
            let destination = try self.queue(exactly: destination)
            guard destination !== queue else { throw MoveError.ontoItself }
            guard destination.isFIFO == queue.isFIFO else { throw MoveError.otherType(destination.name) }
        }
        guard !moves.contains(where: { $0.queue == queue.id }) else { throw MoveError.underWay(source) }
        guard moves.count < Self.mostMoves else { throw MoveError.tooMany(Self.mostMoves) }
        let task = MoveTask(
            id: ids.id(), source: source, destination: destination, rate: rate, started: now,
            toMove: queue.depth.ready)
        let number = nextMove
        nextMove += 1
        moves.append(RunningMove(number: number, queue: queue.id, task: task, due: now))
        let json = try Self.json(task)
        let id = queue.id
        execute {
            try $0.execute(sql: "INSERT INTO move_task VALUES (?, ?, ?)", arguments: [number, id, json])
            // One at a time is under way, and it is the latest.
            try $0.execute(
                sql: """
                    DELETE FROM move_task WHERE source = ?1 AND number NOT IN
                    (SELECT number FROM move_task WHERE source = ?1 ORDER BY number DESC LIMIT ?2)
                    """, arguments: [id, Self.remembered])
        }
        return task.id
    }

    func cancelMove(_ id: MessageID) throws -> Int {
        guard let index = moves.firstIndex(where: { $0.task.id == id }) else { throw MoveError.noTask }
        moves[index].task.status = .cancelled
        let moved = moves[index].task.moved
        try keep(moves[index])
        moves.remove(at: index)
        return moved
    }

    /// Moves what is due, in this turn.
    func advanceMoves() throws {
        if isDiskFull {
            for index in moves.indices { moves[index].due = now + Self.restOnFullDisk }
            return
        }
        for index in moves.indices where moves[index].due <= now { try advance(&moves[index]) }
        moves.removeAll { $0.task.status != .running }
    }

    private func advance(_ move: inout RunningMove) throws {
        guard let queue = queues[move.queue] else {
            move.task.status = .failed
            return
        }
        let before = move.task
        let most = move.most ?? before.moved + queue.depth.messages
        move.most = most
        var left = move.task.rate == nil ? Self.mostMessages : 1
        var bytes = 0
        while left > 0, bytes < Self.mostBytes, move.task.status == .running {
            left -= 1
            bytes += try moveNext(&move, most: most, from: queue)
        }
        if let rate = move.task.rate { move.due = now + .milliseconds((1_000 + rate - 1) / rate) }
        if now - move.task.started >= Self.longestMove, move.task.status == .running {
            move.task.status = .failed
            move.task.failure = "TaskTimedOut"
        }
        if move.task != before { try keep(move) }
    }

    /// - Returns: the bytes of the message that was moved.
    private func moveNext(_ move: inout RunningMove, most: Int, from queue: QueueState) throws -> Int {
        guard move.task.moved < most, let (ref, chunk) = nextReady(of: queue) else {
            move.task.status = .completed
            return 0
        }
        guard let (header, body) = read(ref, chunk, from: queue) else { return 0 }
        guard let target = move.task.destination ?? header.death?.source else {
            fail(&move, "CouldNotDetermineMessageSource")
            return 0
        }
        guard let destination = names[target].flatMap({ queues[$0] }) else {
            fail(&move, "AWS.SimpleQueueService.NonExistentQueue")
            return 0
        }
        take(ref, from: queue, chunk)
        try enter(header, body, from: queue, destination)
        change(ref, chunk, queue, to: MessageState(status: .gone))
        move.task.moved += 1
        return body.count
    }

    /// `nil` = it cannot be read, and waits where it is; those behind it go on.
    private func read(_ ref: MessageRef, _ chunk: Chunk, from queue: QueueState) -> (MessageHeader, Bytes)? {
        do {
            let content = try content(of: chunk.id)
            return (try content.header(at: Int(ref.index)), content.body(at: Int(ref.index)))
        } catch {
            take(ref, from: queue, chunk)
            setAside(ref, chunk, queue, error)
            return nil
        }
    }

    private func fail(_ move: inout RunningMove, _ reason: String) {
        move.task.status = .failed
        move.task.failure = reason
    }

    /// As a new message: a pipeline's queue reads from it what its definition asks for, and a dead letter that goes back
    /// to a pipeline keeps its history.
    private func enter(
        _ header: MessageHeader, _ body: Bytes, from queue: QueueState, _ destination: QueueState
    ) throws {
        var header = header
        header.id = ids.id()
        header.sent = now
        if destination.record.pipeline == nil {
            header.death = nil
        } else {
            header.death?.redriven = true
        }
        try enterAgain(header, body, destination) { [reading] in reading?($0, $1, $2, $3) }
        ledger.add(LedgerBook.account(ofQueue: destination.id), .movedIn)
        ledger.add(LedgerBook.account(ofQueue: queue.id), .movedOut)
    }

    /// The next visible message of a queue, which stays in its order.
    private func nextReady(of queue: QueueState) -> (MessageRef, Chunk)? {
        while let ref = queue.isFIFO ? queue.fifo.nextTurn()?.ref : queue.standard.peek() {
            if let chunk = chunks[ref.chunk], chunk.states[Int(ref.index)].status == .ready { return (ref, chunk) }
            if queue.isFIFO, let group = queue.fifo.nextTurn()?.group {
                queue.fifo.skip(in: group)
            } else {
                queue.standard.pop()
            }
        }
        return nil
    }

    private func take(_ ref: MessageRef, from queue: QueueState, _ chunk: Chunk) {
        if queue.isFIFO {
            let group = chunk.groups[Int(ref.index)]
            queue.fifo.take(from: group)
            queue.fifo.offerTurn(group)
        } else {
            queue.standard.pop()
        }
    }

    private func keep(_ move: RunningMove) throws {
        let json = try Self.json(move.task)
        execute {
            try $0.execute(sql: "UPDATE move_task SET record = ? WHERE number = ?", arguments: [json, move.number])
        }
    }

    /// When the next message of a task may go.
    var nextMoveDue: Timestamp? { moves.map(\.due).min() }

    // MARK: Reading

    func moveTasks(of queue: Int64, _ database: Database) throws -> [MoveTask] {
        let rows = try String.fetchAll(
            database, sql: "SELECT record FROM move_task WHERE source = ? ORDER BY number DESC LIMIT ?",
            arguments: [queue, Self.remembered])
        let stored = try rows.map(Self.moveTask)
        // What this turn has moved is not written yet.
        return stored.map { task in moves.first { $0.task.id == task.id }?.task ?? task }
    }

    private static func moveTask(_ json: String) throws -> MoveTask {
        do {
            return try JSONDecoder().decode(MoveTask.self, from: Data(json.utf8))
        } catch {
            throw StoreDamage("the record of a move task cannot be read: \(error)")
        }
    }

    func loadMoves(_ database: Database) throws {
        moves = []
        nextMove =
            1 + (try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'move_task'") ?? 0)
        for row in try Row.fetchAll(database, sql: "SELECT number, source, record FROM move_task ORDER BY number") {
            let json: String = try row.decode(forColumn: "record")
            let task = try Self.moveTask(json)
            guard task.status == .running else { continue }
            moves.append(
                RunningMove(
                    number: try row.decode(forColumn: "number"), queue: try row.decode(forColumn: "source"), task: task,
                    due: now))
        }
    }
}
