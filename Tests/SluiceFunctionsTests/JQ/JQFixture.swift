import Sluice
import Testing

@testable import SluiceFunctions

/// A record through a program, in this process.
enum JQ {
    /// Where libjq is not installed, these tests are skipped, and say so; `scripts/setup` installs it.
    static let isThere = JQLibrary.open() == nil

    static func answer(_ program: String, _ record: String, time: Double = 0) throws -> RecordAnswer {
        try JQFunction(program).answer(to: Bytes(record), time: time)
    }

    /// The outputs as text; of a failure its type and reason.
    static func run(_ program: String, _ record: String, time: Double = 0) throws -> [String] {
        switch try answer(program, record, time: time) {
        case .outputs(let outputs): outputs.map(\.text)
        case .failed(let problem): ["\(problem.type ?? ""): \(problem.reason)"]
        case .unconfirmed: ["unconfirmed"]
        }
    }
}

/// All that runs libjq in this process: one after the other, because each test keeps a thread of the pool busy.
@Suite("jq", .serialized, .enabled(if: JQ.isThere, "libjq is not installed"))
enum JQSuites {}
