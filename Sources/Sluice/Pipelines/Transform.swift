import Foundation

/// The function that every record goes through: one of a Swift function, a handler, a command and a jq program.
public struct Transform: Hashable, Sendable {
    /// A Swift function that the app registers under this name.
    public var function: String?
    /// `module.function` in the code folder; needs `runtime`.
    public var handler: String?
    /// What runs the handler: `python3`, `python3.12`, `nodejs22.x`.
    public var runtime: String?
    /// The folder of the code, relative to the definition's file; `nil` = the file's own folder.
    public var code: String?
    /// A program that speaks the Lambda Runtime API, and its arguments; empty = none.
    public var command: [String]
    /// A jq program, or the path of a file with one, relative to the definition's file: `orders.jq`.
    public var jq: String?
    /// Variables for the function's process. At most 4 KB of names and values.
    public var environment: [String: String]
    /// How records are written to the function's process and read from its answer.
    public var contract: Contract
    /// What an answer that names no record means.
    public var answers: Answers
    /// What the function's process may use. 128 MB to 10,240 MB; 256 MB.
    public var memory: ByteCount
    /// How long one invocation may take. 1 s to 15 minutes; 30 s.
    public var timeout: Duration
    /// Invocations at once. 1 to 1,000; the machine's cores.
    public var concurrency: Int
    /// Records of one invocation. 1 to 10,000; 100.
    public var batch: Int
    /// How long to wait for a batch to fill. 0 s to 5 minutes; 0 s.
    public var batchWindow: Duration
    /// What a failure of a certain kind means; the first match wins, and none = retry.
    public var errors: [ErrorRule]
    public var backoff: Backoff
    /// When so many records fail alike that the function, not the records, is at fault; `nil` = never.
    public var pauseWhen: PauseWhen?

    /// How records are written in an event.
    public enum Contract: String, Hashable, Sendable, Codable, CaseIterable {
        /// Amazon Data Firehose's transformation: the bytes of a record as base64.
        case firehose
        /// The record itself, as JSON.
        case json
    }

    /// What an answer that names no record means.
    public enum Answers: String, Hashable, Sendable, Codable, CaseIterable {
        /// A failure: a function accounts for every record.
        case strict
        /// `null` and `{}` are the success of all, as for a queue's function on AWS; counted as unconfirmed.
        case aws
    }
}

// MARK: One initialiser for each kind

extension Transform {
    /// A Swift function of this app; it runs in this process.
    public init(
        function: String, timeout: Duration = .seconds(30), concurrency: Int = Transform.cores, batch: Int = 100,
        batchWindow: Duration = .zero, errors: [ErrorRule] = [], backoff: Backoff = Backoff(),
        pauseWhen: PauseWhen? = PauseWhen()
    ) {
        self.init(
            timeout: timeout, concurrency: concurrency, batch: batch, batchWindow: batchWindow, errors: errors,
            backoff: backoff, pauseWhen: pauseWhen)
        self.function = function
    }

    /// A handler in a folder of code, as Lambda runs it.
    public init(
        handler: String, runtime: String, code: String? = nil, environment: [String: String] = [:],
        contract: Contract = .firehose, answers: Answers = .strict, memory: ByteCount = .megabytes(256),
        timeout: Duration = .seconds(30), concurrency: Int = Transform.cores, batch: Int = 100,
        batchWindow: Duration = .zero, errors: [ErrorRule] = [], backoff: Backoff = Backoff(),
        pauseWhen: PauseWhen? = PauseWhen()
    ) {
        self.init(
            code: code, environment: environment, contract: contract, answers: answers, memory: memory,
            timeout: timeout, concurrency: concurrency, batch: batch, batchWindow: batchWindow, errors: errors,
            backoff: backoff, pauseWhen: pauseWhen)
        self.handler = handler
        self.runtime = runtime
    }

    /// A program that speaks the Lambda Runtime API, in whatever language.
    public init(
        command: [String], code: String? = nil, environment: [String: String] = [:], contract: Contract = .firehose,
        answers: Answers = .strict, memory: ByteCount = .megabytes(256), timeout: Duration = .seconds(30),
        concurrency: Int = Transform.cores, batch: Int = 100, batchWindow: Duration = .zero,
        errors: [ErrorRule] = [], backoff: Backoff = Backoff(), pauseWhen: PauseWhen? = PauseWhen()
    ) {
        self.init(
            code: code, environment: environment, contract: contract, answers: answers, memory: memory,
            timeout: timeout, concurrency: concurrency, batch: batch, batchWindow: batchWindow, errors: errors,
            backoff: backoff, pauseWhen: pauseWhen)
        self.command = command
    }

    /// A jq program, or the path of a file with one: `empty` filters a record, several values are several outputs.
    public init(
        jq: String, environment: [String: String] = [:], memory: ByteCount = .megabytes(256),
        timeout: Duration = .seconds(30), concurrency: Int = Transform.cores, batch: Int = 100,
        batchWindow: Duration = .zero, errors: [ErrorRule] = [], backoff: Backoff = Backoff(),
        pauseWhen: PauseWhen? = PauseWhen()
    ) {
        self.init(
            environment: environment, memory: memory, timeout: timeout, concurrency: concurrency, batch: batch,
            batchWindow: batchWindow, errors: errors, backoff: backoff, pauseWhen: pauseWhen)
        self.jq = jq
    }

    /// Nothing to run yet: what the keys of a definition are read onto.
    init(
        code: String? = nil, environment: [String: String] = [:], contract: Contract = .firehose,
        answers: Answers = .strict, memory: ByteCount = .megabytes(256), timeout: Duration = .seconds(30),
        concurrency: Int = Transform.cores, batch: Int = 100, batchWindow: Duration = .zero,
        errors: [ErrorRule] = [], backoff: Backoff = Backoff(), pauseWhen: PauseWhen? = PauseWhen()
    ) {
        self.code = code
        command = []
        self.environment = environment
        self.contract = contract
        self.answers = answers
        self.memory = memory
        self.timeout = timeout
        self.concurrency = concurrency
        self.batch = batch
        self.batchWindow = batchWindow
        self.errors = errors
        self.backoff = backoff
        self.pauseWhen = pauseWhen
    }

    /// The machine's cores: the default concurrency.
    public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }
}

// MARK: What is run

extension Transform {
    /// What a transform runs.
    public enum Kind: Hashable, Sendable {
        case swift(String)
        /// - Parameter code: as written; see `Pipeline.codeFolder` for the path.
        case handler(String, runtime: String, code: String?)
        /// The program and its arguments.
        case command([String])
        case jq(String)
    }

    /// What is run. A checked definition has one of them; of several the first counts, of none an unnamed function.
    public var kind: Kind {
        if let function { return .swift(function) }
        if let handler { return .handler(handler, runtime: runtime ?? "", code: code) }
        if !command.isEmpty { return .command(command) }
        return jq.map { .jq($0) } ?? .swift("")
    }

    /// Whether the function is a process of its own, for which `environment`, `memory` and so on mean something.
    public var isProcess: Bool {
        if case .swift = kind { false } else { true }
    }

    /// What is run, as people call it: `order-row`, `orders.handler`, `python3 …`, `jq`. A command's arguments are not
    /// shown, for there may be a secret among them.
    public var codeName: String {
        switch kind {
        case .swift(let name): name
        case .handler(let handler, _, _): handler
        case .command(let words): (words.first ?? "") + (words.count > 1 ? " …" : "")
        case .jq: "jq"
        }
    }
}

/// So many of the last records failed alike: then it is the function, or what it needs, that is at fault.
public struct PauseWhen: Hashable, Sendable {
    /// 1 to 100; 90.
    public var percent: Int
    /// Of so many records that the step decided about last. 1 to 10,000; 200.
    public var records: Int

    public init(_ percent: Int = 90, of records: Int = 200) {
        self.percent = percent
        self.records = records
    }

    /// Failures of one cause among the last `records` that pause the step.
    var failures: Int { max(1, (percent * records + 99) / 100) }
}
