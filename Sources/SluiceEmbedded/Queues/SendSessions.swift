import Foundation
import GRDB
import Sluice

/// How far the store is with one sender, who may send the same again after the connection broke.
struct SendSession {
    /// How many of its messages were taken: stored, or refused for good.
    var taken: Int
    /// When the last of them came.
    var used: Timestamp
}

extension StoreState {
    /// A sender that comes back later than this is a new one.
    static let sessionLifetime: Duration = .days(1)

    /// How many messages from this position on were taken before.
    /// - Throws: `ControlError.refused` when messages before it are missing: they would be overtaken.
    func taken(behind position: SendPosition) throws -> Int {
        let taken = sendSessions[position.session]?.taken ?? 0
        guard position.ordinal <= taken else {
            throw ControlError.refused(
                "message \(position.ordinal + 1) of a send was offered and \(taken) are stored; those between are "
                    + "missing. Send again from the first one that was not answered")
        }
        return taken - position.ordinal
    }

    /// All of the session before this position is taken, in the transaction of this turn.
    func remember(_ position: SendPosition) {
        let session = SendSession(taken: position.ordinal, used: now)
        sendSessions[position.session] = session
        execute {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO send_session VALUES (?, ?, ?)",
                arguments: [position.session.data, session.taken, session.used.milliseconds])
        }
    }

    func forgetSendSessions() {
        let limit = now - Self.sessionLifetime
        guard sendSessions.values.contains(where: { $0.used <= limit }) else { return }
        sendSessions = sendSessions.filter { $0.value.used > limit }
        execute { try $0.execute(sql: "DELETE FROM send_session WHERE used <= ?", arguments: [limit.milliseconds]) }
    }

    func loadSendSessions(_ database: Database) throws {
        sendSessions = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, taken, used FROM send_session") {
            guard let id = UInt128(data: row["id"]) else { throw StoreDamage("a send session has no id") }
            sendSessions[id] = SendSession(taken: row["taken"], used: Timestamp(milliseconds: row["used"]))
        }
    }
}

extension PreparedMessage {
    /// What it was answered when it was taken, as far as that is still known: its id is the same again.
    func repeatedResult(in queue: QueueState, at now: Timestamp) -> SendResult {
        if let refusal { return .refused(refusal) }
        guard queue.isFIFO, let key = deduplicationKey(in: queue),
            let first = queue.deduplication.first(of: key, at: now), first.message != id
        else { return .stored(id) }
        return .duplicate(first.message, first.sequence)
    }
}

extension MessageID {
    /// The same for the same message of a session, whenever it is sent, and as random as the session's own bits.
    init(of position: SendPosition) {
        let ordinal = UInt64(position.ordinal)
        var high = MessageIDSource(seed: UInt64(truncatingIfNeeded: position.session >> 64) &+ ordinal)
        var low = MessageIDSource(seed: UInt64(truncatingIfNeeded: position.session) &+ ordinal)
        self.init(randomBits: high.next(), low.next())
    }
}

extension UInt128 {
    fileprivate var data: Data { withUnsafeBytes(of: bigEndian) { Data($0) } }

    fileprivate init?(data: Data) {
        guard data.count == MemoryLayout<Self>.size else { return nil }
        self = data.reduce(0) { $0 << 8 | Self($1) }
    }
}
