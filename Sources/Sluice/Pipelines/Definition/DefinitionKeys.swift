/// Every key of a definition. Adding one is one entry here, and the property of the value that keeps it.
enum DefinitionKeys {
    /// The version of the format that this Sluice reads.
    static let formatVersion = 1

    /// A document: the pipeline, and the version of the format it is written in.
    struct Document: Hashable, Sendable {
        var formatVersion = DefinitionKeys.formatVersion
        var pipeline = Pipeline(
            name: "", source: Source(), deliver: Deliver(to: .sqlite("")))
    }

    static let document = KeyTable(
        prototype: Document(),
        keys: [
            Key(
                "sluice", .formatVersion(formatVersion), at: \.formatVersion,
                "The version of this format."),
            Key(
                "pipeline", .name(1...40), at: \.pipeline.name, required: true,
                "The pipeline's name. Part of the name of each of its queues."),
            Key(
                "source", .oneOf(.section(source), noun: "source"), at: \.pipeline.source, required: true,
                "Where records come from."),
            Key(
                "id", KeyType<RecordPath>.path.optional(base: "$.id"), at: \.pipeline.id,
                "Your own name for a record, read from the raw record. It may repeat, and nothing is dropped because "
                    + "of it. Without it, or where the record has none, the record's identity is its name."),
            Key(
                "max_record", .size(.limit(Limits.messageSize)), at: \.pipeline.maxRecord,
                "The largest record taken; a larger one is refused by `send`."),
            Key(
                "archive", KeyType.section(archive).or("none", base: Archive()), at: \.pipeline.archive,
                fallback: "kept", "Raw copies of all that is received, byte for byte."),
            Key(
                "subject", .subjects, at: \.pipeline.subject,
                "Whom a record is about: kind of person and where the raw record names one. A path or a list of paths "
                    + "without a kind is of the kind `subject`. `{path: …, normalise: [trim, lower]}` evens out the "
                    + "value before it is compared."),
            Key(
                "queue", .section(queue), at: \.pipeline.queue, fallback: "",
                "The settings of all queues of this pipeline."),
            Key(
                "transform", KeyType.section(transform).or("none", base: transform.prototype),
                at: \.pipeline.transform,
                "The function that every record goes through; `none` passes records on unchanged."),
            Key(
                "deliver", .oneOf(.section(deliver), noun: "delivery"), at: \.pipeline.deliver, required: true,
                "Where records go."),
            Key(
                "dead_letters", .section(deadLetters), at: \.pipeline.deadLetters, fallback: "",
                "The records that failed for good, in a queue of their own behind each queue."),
            Key(
                "logs", .section(logs), at: \.pipeline.logs, fallback: "",
                "What functions write and steps say; `logs PIPELINE` prints it."),
        ],
        ignoresExtensions: true,
        rules: [PipelineRules.check])

    static let archive = KeyTable(
        prototype: Archive(),
        keys: [
            Key(
                "keep", .duration(.ours(.hours(1)...(.days(3_650)))), at: \.keep,
                "How long a raw copy is kept. An older one is really deleted."),
            Key(
                "max_size",
                KeyType.size(.ours(.megabytes(10)...(.gigabytes(1 << 20)))).or("none", base: .gigabytes(1)),
                at: \.maxSize,
                "What raw copies may take on the disk. At it nothing more is taken in until some are deleted: `send` and "
                    + "`put` wait, and nothing is dropped."),
        ])

    static let deadLetters = KeyTable(
        prototype: DeadLetters(),
        keys: [
            Key(
                "keep", .duration(.ours(.minutes(1)...(.days(3_650)))), at: \.keep,
                "How long a dead letter is kept.")
        ])

    static let logs = KeyTable(
        prototype: Logs(),
        keys: [
            Key(
                "keep", .duration(.ours(.days(1)...(.days(3_650)))), at: \.keep,
                "How long a line is kept. Files of an hour are deleted as a whole."),
            Key(
                "level", .choice(), at: \.level,
                "What is less than this is not kept. What a function writes, and START, END and REPORT, are `info`."),
            Key(
                "max_size", .size(.ours(.megabytes(10)...(.gigabytes(1 << 10)))), at: \.maxSize,
                "What all lines of the pipeline may take. Beyond it the oldest files are deleted."),
        ])

    static let subjectPaths = KeyType<[RecordPath]>.list(of: .path, base: "$.x", orOne: true)

    static let subject = KeyTable(
        prototype: SubjectPath([]),
        keys: [
            Key("path", subjectPaths, at: \.paths, required: true, "Where the record names the person."),
            Key(
                "normalise", KeyType<[SubjectPath.Normalisation]>.list(of: .choice(), base: .trim, orOne: true),
                at: \.normalise, "How the value is written before it is compared."),
        ])
}
