import Sluice
import SluiceWire

/// What holds of every batch, before any of its entries is looked at.
enum BatchCheck {
    /// The entries of a batch and their ids.
    /// - Throws: `WireError` when the batch as a whole is wrong: none of it is done then.
    static func entries(_ call: SQSCall, of action: String) throws -> [(id: String, entry: Parameters)] {
        let entries = try call.parameters.structures(SQSFields.entries(of: action)) ?? []
        guard !entries.isEmpty else { throw SQSError.emptyBatch("\(action)RequestEntry") }
        let most = Limits.batchEntries.now.upperBound
        guard entries.count <= most else { throw SQSError.tooManyEntries(entries.count, most: most) }
        var seen: Set<String> = []
        return try entries.map { entry in
            guard let id = try entry.text(SQSFields.entryID) else {
                throw SQSError.missingParameter("\(action)RequestEntry.1.Id")
            }
            guard isID(id) else { throw SQSError.invalidBatchEntryID }
            guard seen.insert(id).inserted else { throw SQSError.entryIDsNotDistinct(id) }
            return (id, entry)
        }
    }

    private static func isID(_ id: String) -> Bool {
        (1...80).contains(id.utf8.count) && id.utf8.allSatisfy(QueueNameCheck.isNameByte)
    }

    /// Writes which entries were done, in their order, and which were not.
    static func write<Result>(
        _ outcomes: [(id: String, outcome: Swift.Result<Result, WireError>)], of action: String,
        to answer: inout AnswerWriter, _ write: (inout AnswerWriter, Result) -> Void
    ) {
        var done: [(id: String, result: Result)] = []
        var failed: [(id: String, error: WireError)] = []
        for (id, outcome) in outcomes {
            switch outcome {
            case .success(let result): done.append((id, result))
            case .failure(let error): failed.append((id, error))
            }
        }
        answer.structures(SQSFields.successful(of: action), count: done.count) { answer, index in
            answer.text(SQSFields.entryID, done[index].id)
            write(&answer, done[index].result)
        }
        answer.structures(SQSFields.failed, count: failed.count) { answer, index in
            let entry = failed[index]
            answer.text(SQSFields.entryID, entry.id)
            answer.boolean(SQSFields.senderFault, entry.error.isSendersFault)
            answer.text(SQSFields.code, entry.error.code)
            answer.text(SQSFields.message, entry.error.message)
        }
    }
}
