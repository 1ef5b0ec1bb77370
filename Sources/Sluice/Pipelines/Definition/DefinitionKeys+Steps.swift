extension DefinitionKeys {
    static let deliver = KeyTable(
        prototype: Deliver(to: .sqlite("")),
        keys: [
            Key(
                "name", KeyType.name(1...20, reserved: [StepName.split, StepName.transform]).optional(base: ""),
                at: \.name,
                fallback: "its kind: `sqlite`, `postgres` or `http`", effective: \.effectiveName,
                "The delivery in commands, in the ledger and in the name of its queue."),
            Key(
                "to", .sinkAddress, at: \.to, required: true,
                "The database, or the address that requests are sent to. A path is relative to the definition's file."),
            Key(
                "table", KeyType.tableName.optional(base: ""), at: \.table, fallback: "", applies: \.to.hasTable,
                "The table, as `[schema.]name`. Required for a database."),
            Key(
                "key", .list(of: .text("the name of a column"), base: "", orOne: true), at: \.key,
                applies: \.to.hasTable,
                "The columns that identify a row. `meta.id` is the record's name. None: every record is a row of its own."
            ),
            Key(
                "mode", KeyType<Deliver.Mode>.choice().optional(base: .upsert), at: \.mode,
                fallback: "`upsert` with a key, else `insert`", effective: \.effectiveMode.rawValue,
                applies: \.to.hasTable,
                "What becomes of a record whose key is in the table: `upsert` merges the record into the "
                    + "row (a column that the record has no field for keeps its value), `ignore` leaves it, `insert` takes it for a mistake of the record."
            ),
            Key(
                "newer_by", KeyType.text("the name of a column").or("none", base: ""), at: \.newerBy,
                applies: \.to.hasTable,
                "The column that tells which of two records with one key is the newer, such as `updated_at`: an older "
                    + "one never overwrites the row and is counted as stale. Needs `mode: upsert`."),
            Key(
                "create", KeyType.flag.optional(base: true), at: \.create,
                fallback: "`true` for SQLite, `false` for PostgreSQL", effective: { "\($0.effectiveCreate)" },
                applies: \.to.hasTable,
                "Make the table (with SQLite the database and its folders too) if it is not there."),
            Key(
                "columns", .columns, at: \.columns, applies: \.to.hasTable,
                "Declared types of columns, which reject a record with a value that does not fit; the others take any "
                    + "value."),
            Key(
                "unknown", KeyType<Deliver.UnknownField>.choice().optional(base: .add), at: \.unknown,
                fallback: "`add` where Sluice made the table, else `reject`",
                effective: { $0.unknown?.rawValue ?? "add where Sluice made the table, else reject" },
                applies: \.to.hasTable,
                "What becomes of a field that has no column: the record is rejected, the field is left out, or a column "
                    + "is added."),
            Key(
                "headers", .headers, at: \.request.headers, applies: { !$0.to.hasTable },
                "Headers of every request to an HTTP address. Their values are never shown."),
            Key(
                "method", .choice(), at: \.request.method, applies: { !$0.to.hasTable },
                "The method of a request to an HTTP address."),
            Key(
                "body", .choice(), at: \.request.body, applies: { !$0.to.hasTable },
                "What a request carries: `array` a batch as a JSON array, `jsonl` a batch with one JSON value a line, "
                    + "`single` one record as it is."),
            Key(
                "compression", .choice(), at: \.request.compression, applies: { !$0.to.hasTable },
                "How the body of a request is compressed."),
            Key(
                "queue", KeyType.section(queueOverrides).optional(base: QueueOverrides()), at: \.queue, fallback: "",
                effective: { _ in "as under queue" }, "What this delivery's queue has otherwise than the pipeline's."),
            Key("concurrency", .count(.limit(Limits.concurrency)), at: \.concurrency, "Writes at once."),
            Key(
                "rate", KeyType.rate(.ours(1...1_000_000_000)).or("none", base: .perSecond(1)), at: \.rate,
                "Records per second, minute or hour, at most."),
            Key(
                "batch", KeyType.count(.limit(Limits.batch)).optional(base: 500), at: \.batch,
                fallback: "`500`; to an HTTP address `100`", effective: { "\($0.effectiveBatch)" },
                "Records of one write, at most."),
            Key(
                "batch_window", .duration(.limit(Limits.batchWindow)), at: \.batchWindow,
                "How long to wait for a batch to fill."),
            Key("timeout", .duration(.limit(Limits.functionTimeout)), at: \.timeout, "How long one write may take."),
            Key("errors", .list(of: .section(errorRule), base: errorRule.prototype), at: \.errors, errorsMeaning),
            Key("backoff", .section(backoff), at: \.backoff, fallback: "", backoffMeaning),
            Key(
                "breaker", .section(breaker), at: \.breaker, fallback: "",
                "When the delivery stops trying for a while because the sink, not the record, is at fault. Records wait "
                    + "then, and no tries are used up."),
        ],
        conditions: [
            .map([
                "if": .map([
                    "properties": .map(["to": .map(["type": .text("string"), "pattern": .text("^sqlite:")])]),
                    "required": .list([.text("to")]),
                ]),
                "then": .map(["required": .list([.text("table")])]),
            ])
        ],
        rules: [PipelineRules.checkDelivery, SinkRules.check])

    static let errorRule = KeyTable(
        prototype: ErrorRule(match: "", then: .retry),
        keys: [
            Key(
                "match", .errorPattern, at: \.match, required: true,
                "The type of an error, with `*` for any characters, or a regular expression between slashes that is "
                    + "tried on its message."),
            Key(
                "then", .choice(), at: \.then, required: true,
                "`retry` after the backoff, `reject` to the dead-letter queue at once, `filter` = leave the record out, "
                    + "`pause` the step."),
        ])

    static let backoff = KeyTable(
        prototype: Backoff(),
        keys: [
            Key("first", .duration(.limit(Limits.visibilityTimeout)), at: \.first, "The wait before the second try."),
            Key("max", .duration(.limit(Limits.visibilityTimeout)), at: \.max, "The longest wait."),
            Key("factor", .number(.ours(1...100)), at: \.factor, "How much longer each wait is than the one before."),
            Key(
                "jitter", .flag, at: \.jitter,
                "Make each wait a random share of itself, between half and all, so that retries do not come in step."),
        ],
        rules: [PipelineRules.checkBackoff])

    static let breaker = KeyTable(
        prototype: BreakerPlan(),
        keys: [
            Key("after", .count(.ours(1...1_000)), at: \.after, "Failures in a row until it opens."),
            Key(
                "probe", .duration(.ours(.seconds(1)...(.hours(1)))), at: \.probe,
                "The time between probes while it is open."),
        ])

    static let errorsMeaning = "What failures of a kind mean. The first match wins; without one it is `retry`."
    static let backoffMeaning = "How long a record waits between tries."
}

extension DefinitionKeys {
    /// The last words of all keys that are not at the top.
    static var leaves: [String] {
        document.rows.compactMap { row in
            row.path.contains(".") ? row.path.split(separator: ".").last.map(String.init) : nil
        }
    }

    /// Where else a key belongs: `timeout` → `transform`, `deliver`.
    static func homes(of key: String) -> [String] {
        let paths = document.rows.map(\.path)
        return paths.compactMap { path in
            guard let dot = path.lastIndex(of: "."), path[path.index(after: dot)...] == key else { return nil }
            return String(path[..<dot])
        }
    }
}
