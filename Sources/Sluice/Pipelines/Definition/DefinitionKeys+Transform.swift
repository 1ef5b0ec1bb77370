extension DefinitionKeys {
    static let transform = KeyTable(
        prototype: Transform(), keys: whatRuns + itsProcess + howItIsCalled,
        alternatives: ["handler", "command", "jq", "function"], rules: [TransformRules.check])

    private static let whatRuns: [Key<Transform>] = [
        Key(
            "handler", KeyType.handler.optional(base: ""), at: \.handler, fallback: "",
            applies: { $0.handler != nil },
            "A function in the code folder, as `module.function`; needs `runtime`. One of `handler`, `command`, `jq` "
                + "and `function`."),
        Key(
            "runtime", KeyType.runtime.optional(base: ""), at: \.runtime, fallback: "",
            applies: { $0.runtime != nil },
            "What runs the handler. It is looked for in the `PATH`."),
        Key(
            "code", KeyType.folder.optional(base: ""), at: \.code, fallback: "the definition's own folder",
            effective: { $0.code ?? "the definition's own folder" }, applies: \.hasContract,
            "The folder that the function runs in. A path is relative to the definition's file."),
        Key(
            "command", .list(of: .commandWord, base: ""), at: \.command, fallback: "",
            applies: { !$0.command.isEmpty },
            "A program that speaks the Lambda Runtime API, and its arguments."),
        Key(
            "jq", KeyType.jqProgram.optional(base: ""), at: \.jq, fallback: "", applies: { $0.jq != nil },
            "A jq program, or the path of a file that ends in `.jq`, relative to the definition's: `empty` leaves a record out, several values are several outputs."
        ),
        Key(
            "function", KeyType.text("the name of a Swift function that the app registers").optional(base: ""),
            at: \.function, fallback: "", applies: { $0.function != nil },
            "A Swift function of your app, by the name it is registered under."),
    ]

    private static let itsProcess: [Key<Transform>] = [
        Key(
            "environment", .environment, at: \.environment, applies: \.isProcess,
            "Variables for the function's process, 4 KB of names and values at most. Those that Lambda reserves cannot "
                + "be set."),
        Key(
            "contract", .choice(), at: \.contract, applies: \.hasContract,
            "How records are written to the function: `firehose` as Amazon Data Firehose does, each record's bytes in "
                + "base64; `json` each record as the JSON that it is."),
        Key(
            "answers", .choice(), at: \.answers, applies: \.hasContract,
            "What `null` and `{}` mean, answers that name no record: `strict` a failure; `aws` success of all, as for a "
                + "queue's function on AWS, and the ledger counts the records as unconfirmed."),
        Key(
            "memory", .size(.limit(Limits.functionMemory)), at: \.memory, applies: \.isProcess,
            "What one process of the function may use."),
    ]

    private static let howItIsCalled: [Key<Transform>] = [
        Key(
            "timeout", .duration(.limit(Limits.functionTimeout)), at: \.timeout,
            "How long one invocation may take."),
        Key(
            "concurrency", .count(.limit(Limits.concurrency)), at: \.concurrency, fallback: "the machine's cores",
            "Invocations at once."),
        Key("batch", .count(.limit(Limits.batch)), at: \.batch, "Records of one invocation, at most."),
        Key(
            "batch_window", .duration(.limit(Limits.batchWindow)), at: \.batchWindow,
            "How long to wait for a batch to fill."),
        Key("errors", .list(of: .section(errorRule), base: errorRule.prototype), at: \.errors, errorsMeaning),
        Key("backoff", .section(backoff), at: \.backoff, fallback: "", backoffMeaning),
        Key(
            "pause_when", KeyType.pauseWhen.or("never", base: PauseWhen()), at: \.pauseWhen,
            "When the step pauses itself, because it is the function that is at fault: so many of the last records "
                + "failed for the same reason. The batch that shows it uses up no tries."),
    ]
}

extension Transform {
    /// Whether events and answers are the function's own business: a jq program sees records only.
    var hasContract: Bool {
        switch kind {
        case .handler, .command: true
        case .swift, .jq: false
        }
    }
}
