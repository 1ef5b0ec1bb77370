import GRDB
import Sluice

/// How far objects have been read, by the queue that announces them and the text of their version: a position survives
/// the way into a dead-letter queue and back.
struct SplitPositions {
    private var positions: [Int64: [String: SourcePosition]] = [:]

    init() {}

    init(_ database: Database) throws {
        for row in try Row.fetchAll(database, sql: "SELECT * FROM split_position") {
            let queue: Int64 = try row.decode(forColumn: "queue")
            let object: String = try row.decode(forColumn: "object")
            let position = SourcePosition(
                offset: try row.decode(forColumn: "offset"), number: try row.decode(forColumn: "number"),
                line: try row.decode(forColumn: "line"))
            guard position.offset >= 0, position.number >= 0, position.line >= 0 else {
                throw StoreDamage("the object '\(object)' was read up to byte \(position.offset)")
            }
            positions[queue, default: [:]][object] = position
        }
    }

    subscript(queue: Int64, object: String) -> SourcePosition? {
        get { positions[queue]?[object] }
        set { positions[queue, default: [:]][object] = newValue }
    }

    /// - Returns: the queues that knew the object, under which names: its own, and those of its replays.
    mutating func forget(_ object: String) -> [(queue: Int64, name: String)] {
        var forgotten: [(queue: Int64, name: String)] = []
        for queue in positions.keys.sorted() {
            let names = (positions[queue] ?? [:]).keys.filter { $0 == object || $0.hasPrefix(object + "~") }
            for name in names {
                positions[queue]?[name] = nil
                forgotten.append((queue, name))
            }
        }
        return forgotten
    }

    /// - Parameter position: `nil` = it is read to its end.
    static func write(_ position: SourcePosition?, of object: String, in queue: Int64, _ database: Database) throws {
        guard let position else {
            return try database.execute(
                sql: "DELETE FROM split_position WHERE queue = ? AND object = ?", arguments: [queue, object])
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO split_position VALUES (?, ?, ?, ?, ?)",
            arguments: [queue, object, position.offset, position.number, position.line])
    }
}
