extension DefinitionKeys {
    static let source = KeyTable(
        prototype: Source(),
        keys: [
            Key(
                "name", KeyType.name(1...20).optional(base: ""), at: \.name, fallback: "its kind, `queue` or `bucket`",
                effective: \.effectiveName, "The source in the ledger."),
            Key(
                "queue", KeyType.queueName.optional(base: ""), at: \.queue, fallback: "", applies: { $0.queue != nil },
                "A queue that is made here: it is the pipeline's intake queue. With `type: fifo` its full name ends in "
                    + "`.fifo`, which may be left out. One of `queue` and `bucket`."),
            Key(
                "bucket", KeyType.bucketName.optional(base: ""), at: \.bucket, fallback: "", applies: isBucket,
                "A bucket: each object that is put into it is split into records."),
            Key(
                "prefix", .keyPart, at: \.prefix, applies: isBucket, "Only objects whose keys begin so."),
            Key(
                "suffix", .keyPart, at: \.suffix, applies: isBucket, "Only objects whose keys end so."),
            Key(
                "backfill", .flag, at: \.backfill, applies: isBucket,
                "Objects that are in the bucket when this pipeline first names it: those that no pipeline was told of "
                    + "are always taken; `true` takes the others too."),
            Key(
                "format", .choice(), at: \.format, applies: isBucket,
                "What a record is in an object; `auto` goes by the object's name, then by its first bytes."),
            Key(
                "compression", .choice(), at: \.compression, applies: isBucket,
                "How objects are compressed; `auto` goes by the object's name, then by its first bytes."),
            Key("csv", .section(csv), at: \.csv, fallback: "", applies: isBucket, "How CSV is written."),
        ],
        alternatives: ["queue", "bucket"],
        advice: Dictionary(
            uniqueKeysWithValues: ["http", "poll", "schedule"].map {
                ($0, "this version reads from a queue or a bucket; write 'queue: NAME' or 'bucket: NAME'")
            }), rules: [SourceRules.check])

    static let csv = KeyTable(
        prototype: CSVOptions(),
        keys: [
            Key("header", .flag, at: \.header, "Whether the first line names the columns."),
            Key(
                "columns", KeyType<[String]>.list(of: .text("a column's name"), base: "").optional(base: []),
                at: \.columns, fallback: "", "The names of the columns, where no line has them."),
            Key("delimiter", .delimiter, at: \.delimiter, "The character between two fields."),
            Key("encoding", .choice(), at: \.encoding, "How text is written. A byte order mark is obeyed."),
            Key(
                "null", KeyType.text("a text").optional(base: ""), at: \.null, fallback: "",
                "A text that is read as `null`: `NA`."),
        ])

    private static let isBucket: @Sendable (Source) -> Bool = { $0.bucket != nil }
}
