import Logging
import Sluice
import SluiceTesting
import Synchronization

/// What a function was called with, call by call.
final class Calls: Sendable {
    private let made = Mutex<[[String]]>([])
    var all: [[String]] { made.withLock { $0 } }
    var flat: [String] { all.flatMap { $0 } }
    func add(_ bodies: [String]) { made.withLock { $0.append(bodies) } }
}

struct Broken: Error, CustomStringConvertible {
    var description: String = "it broke"
}

/// One pipeline with everything scripted around its steps.
struct StepFixture {
    var pipeline: Pipeline
    let clock = ManualClock()
    let lines = RecordingLog.Lines()
    let logger: Logger

    init(_ type: QueueType = .standard, errors: [ErrorRule] = [], change: (inout Pipeline) -> Void = { _ in }) {
        let log = RecordingLog(lines: lines)
        logger = Logger(label: "test") { _ in log }
        let exact = Backoff(first: .seconds(1), max: .seconds(60), factor: 2, jitter: false)
        pipeline = Pipeline(
            name: "orders", source: .queue("orders-in"), queue: QueuePlan(type: type),
            transform: Transform(function: "f", errors: errors, backoff: exact),
            deliver: Deliver(to: .sqlite("x.db"), table: "orders", errors: errors, backoff: exact))
        change(&pipeline)
    }

    func transformControl() -> StepControl {
        StepControl(name: pipeline.transformStep, clock: clock, logger: logger)
    }

    func transform(
        _ function: Function, control: StepControl? = nil, host: FunctionHost? = nil
    ) throws -> TransformStep {
        try transform(
            HostedFunction(function, host: host ?? FunctionHost(name: "orders", logger: logger)), control: control)
    }

    func transform(_ invoker: any FunctionInvoker, control: StepControl? = nil) throws -> TransformStep {
        try TransformStep(
            pipeline.transform ?? Transform(function: "f"), of: pipeline, function: invoker, version: "v1",
            control: control ?? transformControl(), clock: clock, logger: logger)
    }

    func deliveryControl() -> StepControl {
        StepControl(
            name: pipeline.deliveryStep, breaker: pipeline.deliver.breaker, rate: pipeline.deliver.rate, clock: clock,
            logger: logger)
    }

    func delivery(_ sink: RecordingSink, control: StepControl? = nil) throws -> DeliveryStep {
        try DeliveryStep(
            pipeline, sink: sink, control: control ?? deliveryControl(), clock: clock, logger: logger)
    }

    /// Passes a body on, and does with a body that starts with a word what it says.
    static func obedient(_ body: String) throws -> Outcome<Bytes> {
        switch body.split(separator: " ").first {
        case "throw": throw Broken()
        case "retry": return .retry("not now")
        case "reject": return .reject("never")
        case "filter": return .filtered
        default: return [Bytes(body)]
        }
    }
}

/// A function whose invocations end as they are told to, one after the other; the last way goes on.
final class ScriptedInvoker: FunctionInvoker {
    let name = "f"
    let takesBatches = true
    private let results: Mutex<[@Sendable ([RawRecord]) -> InvocationResult]>

    init(_ results: (@Sendable ([RawRecord]) -> InvocationResult)...) { self.results = Mutex(results) }

    func invoke(_ records: [RawRecord], _ context: InvocationContext) async -> InvocationResult {
        results.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }(records)
    }

    func close() async {}
}

extension Disposition {
    /// The case, for tables of expectations.
    var word: String {
        switch self {
        case .passed: "passed"
        case .split: "split"
        case .filtered: "filtered"
        case .unconfirmed: "unconfirmed"
        case .delivered(let effect): effect.rawValue
        case .retry: "retry"
        case .release: "release"
        case .dead: "dead"
        }
    }
}
