import ArgumentParser
import Sluice

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "One record from the row to the raw bytes: upstream or us?",
        discussion: """
            How it arrived, what today's code and the code of then make of it, where that is, what the sink has, and what \
            follows from it. Nothing is stored or delivered.
            """)

    @Argument(help: "The pipeline.", completion: NameCompletion.pipelines)
    var pipeline: String

    @Option(help: "The record's identity, or its name (`id:`).")
    var record: String?

    @Option(help: "A column of the sink's table and its value: order_id=17.")
    var key: String?

    @Option(name: .customShort("n"), help: "At most so many records, the latest first.")
    var limit = 5

    @Option(
        name: .shortAndLong, help: "The definition; that which ran last, unless it is named.", completion: .file())
    var file: String?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        if (record == nil) == (key == nil) { throw ValidationError("Name a --record, or a --key of the sink.") }
        if let key, (key.firstIndex(of: "=").map { $0 == key.startIndex }) ?? true {
            throw ValidationError("--key is a column and its value: order_id=17.")
        }
        if limit < 1 { throw ValidationError("-n is at least 1.") }
    }

    mutating func run() async throws {
        let (definition, context) = try await CommandContext(common).latestDefinition(of: pipeline, file: file)
        let (record, key, limit) = (record, key.map(Self.parts), limit)
        let found = try await untilInterrupted {
            try await context.withControl(use: .lasting) { control in
                let tracer = try await Tracer(definition, control, context)
                do {
                    let found = try await Self.find(record, key, limit, tracer)
                    await tracer.close()
                    return found
                } catch {
                    await tracer.close()
                    throw error
                }
            }
        }
        let text = TraceText(time: context.time, sink: definition.deliver.to.kind)
        if context.json {
            context.print(documents: found.traces.map(TraceDocument.init))
        } else {
            context.print(text.lines(of: found.traces, rows: found.rows) + text.lines(ofBroken: found.broken))
        }
        if found.traces.isEmpty, found.broken.isEmpty {
            throw CommandFailure(.usage, "no raw copy is of '\(record ?? key?.value ?? "")', or its time is over")
        }
    }

    private struct Found: Sendable {
        var traces: [Trace] = []
        /// That were asked for, by a key.
        var rows: [SinkRow] = []
        /// Where something is that is no record.
        var broken: [RecordPlace] = []
    }

    private static func find(
        _ record: String?, _ key: (column: String, value: String)?, _ limit: Int, _ tracer: Tracer
    ) async throws -> Found {
        var found = Found()
        let records: [ArchivedRecord]
        if let key {
            found.rows = try await tracer.rows(where: key.column, is: key.value) ?? []
            records = try await tracer.records(making: key.column, key.value)
        } else {
            records = try await tracer.records(called: record ?? "")
            if records.isEmpty { found.broken = try await tracer.places(called: record ?? "") }
        }
        for record in records.reversed().prefix(limit) { found.traces.append(try await tracer.trace(record)) }
        return found
    }

    private static func parts(_ key: String) -> (column: String, value: String) {
        let parts = key.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), String(parts[1]))
    }
}
