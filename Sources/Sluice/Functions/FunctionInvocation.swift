import Synchronization

/// What a function came to for one record.
package enum RecordAnswer: Sendable, Hashable {
    /// The outputs, encoded; none = filtered.
    case outputs([Bytes])
    /// The function says that all went well, and nothing of what came of the record (`answers: aws`).
    case unconfirmed
    case failed(Problem)

    init(_ outcome: Outcome<Bytes>) {
        switch outcome {
        case .outputs(let outputs): self = .outputs(outputs)
        case .retry(let reason): self = .failed(Problem(reason: reason, type: nil, remedy: .retry))
        case .reject(let reason): self = .failed(Problem(reason: reason, type: nil, remedy: .reject))
        }
    }
}

/// One call of a function: its records, and the answers so far. They are kept here, not returned, so that the
/// records answered before a timeout keep their answers.
final class FunctionInvocation: Sendable {
    let records: [RawRecord]
    let context: InvocationContext
    private let given = Mutex<[RecordAnswer]>([])

    init(records: [RawRecord], context: InvocationContext) {
        self.records = records
        self.context = context
    }

    /// The answer for the next record.
    func answer(_ answer: RecordAnswer) { given.withLock { $0.append(answer) } }

    /// Of the first records, in order.
    var answers: [RecordAnswer] { given.withLock { $0 } }

    func answerOneByOne(_ body: Function.RecordBody) async throws {
        for record in records {
            try Task.checkCancellation()
            do {
                answer(try await body(record, FunctionContext(record: record, invocation: context)))
            } catch is DeadlineExceeded {
                throw DeadlineExceeded()
            } catch  where Task.isCancelled {
                // Whatever it throws now, it was cut short: by its timeout or by our shutdown.
                throw error
            } catch {
                answer(.failed(Problem(error)))
            }
        }
    }
}
