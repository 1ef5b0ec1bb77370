import Foundation
import GRDB
import Sluice

/// Claiming: a queue that was filled before its definition becomes the definition's, chunk by chunk, in order, each in
/// one transaction. Ids, arrival and bodies stay; what the headers lack (group, name, subjects) is added. A kill in
/// between goes on where it was. Nothing is handed out of the queue meanwhile.
extension StoreState {
    typealias IntakeReading = (_ body: Bytes, _ id: MessageID, _ senderGroup: String?) -> IntakeResult

    /// Claims the next chunk of a queue.
    /// - Returns: whether there is more to claim.
    func claimNextChunk(of name: String, reading: IntakeReading) throws -> Bool {
        let queue = try queue(named: name)
        var record = queue.record
        guard let until = record.claimUntil else { return false }
        let through = record.claimedThrough ?? 0
        let rest = queue.chunks[queue.firstPlace(after: through)...].prefix { $0 <= until }
        guard let chunk = rest.lazy.compactMap({ self.chunks[$0] }).first else {
            record.claimUntil = nil
            record.claimedThrough = nil
            try update(queue, to: record)
            reloadAfterCommit = true
            return false
        }
        try claim(chunk, of: queue, reading: reading)
        record.claimedThrough = chunk.id
        try update(queue, to: record)
        return true
    }

    private func claim(_ chunk: Chunk, of queue: QueueState, reading: IntakeReading) throws {
        // As it is stored: memory may have it with what was taken out since.
        contents.remove(chunk.id)
        let content = try content(of: chunk.id)
        var writer = ByteWriter(reserving: content.header.count * 2)
        writer.byte(HeaderCoding.version)
        var homeless: [(index: Int, reason: String)] = []
        for index in 0..<content.count {
            guard chunk.states[index].status != .gone else {
                writer.raw(content.entry(at: index))
                continue
            }
            var header = try content.header(at: index)
            let intake = reading(content.body(at: index), header.id, header.lineage.group)
            header.lineage.take(intake.lineage)
            if let missing = intake.missing { homeless.append((index, missing)) }
            if intake.withoutSubject { ledger.add(LedgerBook.account(ofQueue: queue.id), .withoutSubject) }
            HeaderCoding.write(header, to: &writer)
        }
        for (index, reason) in homeless {
            guard let target = deadLetterQueue(of: queue) else { break }
            let failure = Failure(reason: reason, type: "intake", step: "intake", time: now)
            try moveToDeadLetters(MessageRef(chunk: chunk.id, index: Int32(index)), chunk, queue, target, failure)
        }
        try rewriteHeader(of: chunk, to: writer.bytes, queue)
    }

    private func rewriteHeader(of chunk: Chunk, to header: [UInt8], _ queue: QueueState) throws {
        let id = chunk.id
        contents.remove(id)
        let expires = queue.record.archiveKeep.map { chunk.arrived + $0 }
        let database = database
        if expires != nil, !chunk.isRawCopy { queue.archivedBytes += chunk.storedBytes }
        chunk.isRawCopy = expires != nil
        execute { connection in
            try connection.execute(sql: "UPDATE chunk SET header = ? WHERE id = ?", arguments: [Data(header), id])
            guard let expires else { return }
            try database.archive(chunk, until: expires)
        }
    }
}
