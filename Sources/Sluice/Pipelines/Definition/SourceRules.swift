/// What has to hold across the keys of a source.
enum SourceRules {
    @Sendable static func check(_ source: Source, _ check: inout DefinitionCheck) {
        let isSet = ["queue": source.queue != nil, "bucket": source.bucket != nil]
        let kinds = DefinitionKeys.source.alternatives.filter { isSet[$0] == true || check.isGiven($0) }
        guard let kind = kinds.first else {
            return check.report(
                "\(check.path) names nothing to read from", expected: "write 'queue: NAME' or 'bucket: NAME'")
        }
        if kinds.count > 1 {
            return check.report(
                "\(check.path) has 'queue' and 'bucket', and can read from one of them",
                expected: "expected \(DefinitionKeys.source.mainKeys)", at: "bucket")
        }
        if kind == "queue" { checkQueue(source, &check) } else { checkCSV(source, &check) }
    }

    /// Keys that say nothing to a queue would be ignored silently.
    private static func checkQueue(_ source: Source, _ check: inout DefinitionCheck) {
        let usual = DefinitionKeys.source.prototype
        let differs = [
            ("prefix", source.prefix != usual.prefix), ("suffix", source.suffix != usual.suffix),
            ("backfill", source.backfill != usual.backfill), ("format", source.format != usual.format),
            ("compression", source.compression != usual.compression), ("csv", source.csv != usual.csv),
        ]
        for (key, isSet) in differs where isSet || check.isGiven(key) {
            check.report(
                "\(check.path).\(key) is for the objects of a bucket, and a queue's messages are its records",
                expected: "leave '\(key)' out", at: key)
        }
    }

    private static func checkCSV(_ source: Source, _ check: inout DefinitionCheck) {
        guard check.knows("format", "csv"), source.csv != CSVOptions() || check.isGiven("csv") else { return }
        if source.format != .csv, source.format != .auto {
            check.report(
                "\(check.path).csv says how CSV is written, and the format is \(source.format.rawValue)",
                expected: "write 'format: csv', or leave 'csv' out", at: "csv")
        }
        guard check.knows("csv.header", "csv.columns") else { return }
        if !source.csv.header, source.csv.columns == nil {
            check.report(
                "\(check.path).csv: without a header line the columns have no names",
                expected: "write 'columns: [a, b]'", at: "csv.header")
        }
        let columns = source.csv.columns ?? []
        for name in Set(columns).sorted() where columns.count(where: { $0 == name }) > 1 {
            check.report(
                "\(check.path).csv.columns names \(Quoting.quote(name)) twice", expected: "expected each name once",
                at: "csv.columns")
        }
    }
}
