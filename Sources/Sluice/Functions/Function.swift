/// A Swift function that an app registers by name, so that a definition in YAML can name it too.
///
/// ```swift
/// Function("order-row") { (order: Order, context) -> Outcome<OrderRow> in
///     guard order.quantity > 0 else { return .reject("the quantity is \(order.quantity)") }
///     return [OrderRow(order)]
/// }
/// ```
///
/// It is called once for every record, one after the other within an invocation; invocations run concurrently. It
/// may be called again for a record it has answered (a crash, a later record of its group that failed), so what it
/// does elsewhere must bear repetition. An error that it throws is a retry, unless `errors:` says otherwise.
public struct Function: Sendable {
    public let name: String
    /// Answers for the records of the invocation, in order.
    let run: @Sendable (FunctionInvocation) async throws -> Void
    /// Whether the records are answered together: when such an invocation fails, nobody can tell which record is
    /// to blame.
    let takesBatches: Bool

    /// Input and output are JSON; see `RecordCoder` for how values are written. A record that cannot be decoded is
    /// rejected with the reason, and so is an output that cannot be encoded.
    public init<Input: Decodable, Output: Encodable & Sendable>(
        _ name: String, _ body: @escaping @Sendable (Input, FunctionContext) async throws -> Outcome<Output>
    ) {
        self.init(oneByOne: name) {
            let coder = RecordCoder()
            return { record, context in
                switch coder.decode(Input.self, from: record.body) {
                case .failure(let undecodable): .failed(undecodable.problem)
                case .success(let input): coder.answer(try await body(input, context))
                }
            }
        }
    }

    /// Decodes its input and writes the output itself.
    public init<Input: Decodable>(
        _ name: String, _ body: @escaping @Sendable (Input, FunctionContext) async throws -> Outcome<Bytes>
    ) {
        self.init(oneByOne: name) {
            let coder = RecordCoder()
            return { record, context in
                switch coder.decode(Input.self, from: record.body) {
                case .failure(let undecodable): .failed(undecodable.problem)
                case .success(let input): RecordAnswer(try await body(input, context))
                }
            }
        }
    }

    /// Reads its input itself; the output is JSON.
    public init<Output: Encodable & Sendable>(
        _ name: String, _ body: @escaping @Sendable (RawRecord, FunctionContext) async throws -> Outcome<Output>
    ) {
        self.init(oneByOne: name) {
            let coder = RecordCoder()
            return { record, context in coder.answer(try await body(record, context)) }
        }
    }

    /// Bytes in, bytes out: nothing is decoded.
    public init(
        _ name: String, _ body: @escaping @Sendable (RawRecord, FunctionContext) async throws -> Outcome<Bytes>
    ) {
        self.init(oneByOne: name) {
            { record, context in RecordAnswer(try await body(record, context)) }
        }
    }

    /// Is given all records of an invocation at once, as bytes, and answers once for each, in order. When it throws,
    /// or gives another number of answers, the whole batch has failed: it is called again with halves of it, down
    /// to one record.
    public init(
        batch name: String,
        _ body: @escaping @Sendable ([RawRecord], InvocationContext) async throws -> [Outcome<Bytes>]
    ) {
        self.name = name
        takesBatches = true
        run = { invocation in
            let outcomes = try await body(invocation.records, invocation.context)
            guard outcomes.count == invocation.records.count else {
                throw WrongNumberOfAnswers(answers: outcomes.count, records: invocation.records.count)
            }
            for outcome in outcomes { invocation.answer(RecordAnswer(outcome)) }
        }
    }

    typealias RecordBody = (RawRecord, FunctionContext) async throws -> RecordAnswer

    /// - Parameter prepare: called at the start of every invocation, for what its records share.
    private init(oneByOne name: String, _ prepare: @escaping @Sendable () -> RecordBody) {
        self.name = name
        takesBatches = false
        run = { invocation in try await invocation.answerOneByOne(prepare()) }
    }
}

/// A batch function must account for every record it was given.
struct WrongNumberOfAnswers: Error, CustomStringConvertible {
    let answers: Int
    let records: Int

    var description: String {
        "the function answered \(answers) times for \(records) records; it must answer once for each, in order"
    }
}
