import Sluice
import Testing

@testable import SluiceApp

@Suite("One definition, two ways to write it")
struct DefinitionEqualityTests {
    @Test("YAML and the result builder give equal values for every key")
    func everyKey() throws {
        let yaml = """
            sluice: 1
            pipeline: orders
            source:
              - name: till
                queue: orders-in
            id: $.order_id
            max_record: 512KB
            archive:
              keep: 30d
              max_size: 100GB
            subject:
              customer: $.customer_id
              email: {path: [$.email, $.mail], normalise: [trim, lower]}
            queue:
              type: fifo
              group: $.customer_id
              max_receive_count: 7
              visibility_timeout: 5m
              retention: 10d
              capacity: 2000
              max_bytes: 10GB
            transform:
              function: order-row
              timeout: 20s
              concurrency: 3
              batch: 50
              batch_window: 100ms
              errors:
                - {match: "Validation*", then: reject}
                - {match: "/too (late|old)/", then: filter}
              backoff: {first: 2s, max: 10m, factor: 1.5, jitter: false}
              pause_when: 75% of 40
            deliver:
              - name: shop
                to: sqlite:out/shop.db
                table: orders
                key: [order_id]
                mode: upsert
                newer_by: placed_at
                create: false
                columns: {amount: "numeric(12,2)", placed_at: timestamptz}
                unknown: reject
                queue: {capacity: 50, visibility_timeout: auto, max_receive_count: 3, retention: 1d, max_bytes: 1GB}
                concurrency: 2
                rate: 500/s
                batch: 250
                batch_window: 1s
                timeout: 45s
                errors: [{match: "sql:2067", then: pause}]
                backoff: {first: 500ms}
                breaker: {after: 3, probe: 10s}
            dead_letters:
              keep: 20d
            logs: {keep: 7d, level: warning, max_size: 100MB}
            """
        let built = Pipeline("orders") {
            Source.queue("orders-in", name: "till")
            ID("$.order_id")
            MaxRecord(.kilobytes(512))
            Archive(keep: .days(30), maxSize: .gigabytes(100))
            Subject("customer", "$.customer_id")
            Subject("email", "$.email", "$.mail", normalise: [.trim, .lower])
            Queues(
                .fifo(group: "$.customer_id"), maxReceiveCount: 7, visibilityTimeout: .minutes(5),
                retention: .days(10), capacity: 2_000, maxBytes: .gigabytes(10))
            Transform(
                function: "order-row", timeout: .seconds(20), concurrency: 3, batch: 50,
                batchWindow: .milliseconds(100),
                errors: [
                    ErrorRule(match: "Validation*", then: .reject),
                    ErrorRule(match: "/too (late|old)/", then: .filter),
                ],
                backoff: Backoff(first: .seconds(2), max: .minutes(10), factor: 1.5, jitter: false),
                pauseWhen: PauseWhen(75, of: 40))
            Deliver(
                name: "shop", to: .sqlite("out/shop.db"), table: "orders", key: ["order_id"], mode: .upsert,
                newerBy: "placed_at", create: false,
                columns: [.init("amount", "numeric(12,2)"), .init("placed_at", "timestamptz")], unknown: .reject,
                queue: QueueOverrides(
                    maxReceiveCount: 3, visibilityTimeout: .auto, retention: .days(1), capacity: 50,
                    maxBytes: 1 << 30),
                concurrency: 2, rate: .perSecond(500), batch: 250, batchWindow: .seconds(1), timeout: .seconds(45),
                errors: [ErrorRule(match: "sql:2067", then: .pause)], backoff: Backoff(first: .milliseconds(500)),
                breaker: BreakerPlan(after: 3, probe: .seconds(10)))
            DeadLetters(keep: .days(20))
            Logs(keep: .days(7), level: .warning, maxSize: .megabytes(100))
        }
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "orders.yaml")
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.warnings.map(\.description) == [])
        let read = try #require(result.pipelines.first)
        #expect(read == built)
        #expect(built.validate() == DefinitionFindings())
        // Every key was really written, but for three of a map that is written twice.
        let written = try #require(result.definitions.first).explanation
        let unwritten = written.filter { $0.origin == .fallback }.map(\.key)
        #expect(unwritten == ["deliver.backoff.max", "deliver.backoff.factor", "deliver.backoff.jitter"])
    }

    @Test("YAML and the result builder give equal values where only the required keys are written")
    func requiredKeys() throws {
        let yaml = "pipeline: p\nsource: {queue: in}\ndeliver: {to: 'sqlite:x.db', table: t}\n"
        let built = Pipeline("p") {
            Source.queue("in")
            Deliver(to: .sqlite("x.db"), table: "t")
        }
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "p.yaml")
        #expect(result.mistakes.map(\.description) == [])
        #expect(try #require(result.pipelines.first) == built)
        #expect(built == Pipeline(name: "p", source: .queue("in"), deliver: Deliver(to: .sqlite("x.db"), table: "t")))
    }

    @Test(
        "YAML and the result builder give equal values for a delivery by HTTP, and the values of headers are not shown")
    func http() throws {
        let yaml = """
            pipeline: p
            source: {queue: in}
            deliver:
              to: https://api.example.com/v1/orders
              headers: {Authorization: "Bearer ${TOKEN}", X-Tenant: 007}
              method: PUT
              body: jsonl
              compression: gzip
            """
        let built = Pipeline("p") {
            Source.queue("in")
            Deliver(
                to: .http("https://api.example.com/v1/orders"),
                request: .init(
                    headers: ["Authorization": "Bearer t0ken", "X-Tenant": "007"], method: .put, body: .jsonl,
                    compression: .gzip))
        }
        let result = DefinitionReader(environment: ["TOKEN": "t0ken"]).read(text: yaml, name: "p.yaml")
        #expect(result.mistakes.map(\.description) == [])
        #expect(try #require(result.pipelines.first) == built)
        #expect(built.validate() == DefinitionFindings())
        let shown = try #require(result.definitions.first).explanation.filter { $0.key.hasPrefix("deliver.") }
        let values = Dictionary(shown.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        #expect(values["deliver.headers"] == "{Authorization: ***, X-Tenant: ***}")
        #expect(values["deliver.name"] == "http" && values["deliver.batch"] == "100")
        #expect(values["deliver.table"] == nil && values["deliver.create"] == nil)
        #expect(!shown.contains { "\($0)".contains("t0ken") })
    }

    @Test(
        "plain HTTP to another machine is warned of",
        arguments: [
            ("http://api.example.com/o", 1), ("https://api.example.com/o", 0), ("http://localhost:80/o", 0),
            ("http://127.0.0.1/o", 0), ("http://[::1]:8080/o", 0), ("http://127.example.com/o", 1),
        ])
    func plainHTTP(_ url: String, _ warnings: Int) {
        let yaml = "pipeline: p\nsource: {queue: in}\ndeliver: {to: '\(url)'}"
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "f")
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.warnings.count == warnings)
        #expect(result.warnings.allSatisfy { $0.description.contains("as plain text") })
    }

    /// A transform in YAML, its equal in Swift, and what is run.
    struct KindCase: Sendable, CustomTestStringConvertible {
        var yaml: String
        var built: Transform
        var kind: Transform.Kind
        var testDescription: String { "\(kind)" }
    }

    static let kinds = [
        KindCase(
            yaml: """
                handler: jobs/orders.handler
                runtime: python3.12
                code: ./functions/orders
                environment: {TZ: UTC, LEVEL: 07, EMPTY: ""}
                contract: json
                answers: aws
                memory: 512MB
                timeout: 20s
                concurrency: 3
                batch: 50
                batch_window: 100ms
                errors: [{match: "*", then: reject}]
                backoff: {first: 2s}
                pause_when: never
                """,
            built: Transform(
                handler: "jobs/orders.handler", runtime: "python3.12", code: "./functions/orders",
                environment: ["TZ": "UTC", "LEVEL": "07", "EMPTY": ""], contract: .json, answers: .aws,
                memory: .megabytes(512), timeout: .seconds(20), concurrency: 3, batch: 50,
                batchWindow: .milliseconds(100), errors: [ErrorRule(match: "*", then: .reject)],
                backoff: Backoff(first: .seconds(2)), pauseWhen: nil),
            kind: .handler("jobs/orders.handler", runtime: "python3.12", code: "./functions/orders")),
        KindCase(
            yaml: "handler: index.handler\nruntime: nodejs22.x",
            built: Transform(handler: "index.handler", runtime: "nodejs22.x"),
            kind: .handler("index.handler", runtime: "nodejs22.x", code: nil)),
        KindCase(
            yaml: "command: [python3, -m, awslambdaric, orders.handler]\ncontract: firehose\nanswers: strict",
            built: Transform(command: ["python3", "-m", "awslambdaric", "orders.handler"]),
            kind: .command(["python3", "-m", "awslambdaric", "orders.handler"])),
        KindCase(
            yaml: "command: [sh, -c, \"a\\nb\", \"\"]\ncode: bin\nmemory: 128MB",
            built: Transform(command: ["sh", "-c", "a\nb", ""], code: "bin", memory: .megabytes(128)),
            kind: .command(["sh", "-c", "a\nb", ""])),
        KindCase(
            yaml: "jq: |-\n  .items[]\n  | {id}\nenvironment: {TZ: UTC}",
            built: Transform(jq: ".items[]\n| {id}", environment: ["TZ": "UTC"]),
            kind: .jq(".items[]\n| {id}")),
        KindCase(yaml: "function: order-row", built: Transform(function: "order-row"), kind: .swift("order-row")),
    ]

    @Test("YAML and the result builder give equal values for every kind of function", arguments: kinds)
    func everyKind(_ function: KindCase) throws {
        let lines = function.yaml.split(separator: "\n").map { "  \($0)\n" }.joined()
        let yaml = "pipeline: p\nsource: {queue: in}\ntransform:\n\(lines)deliver: {to: 'sqlite:x.db', table: t}\n"
        let built = Pipeline("p") {
            Source.queue("in")
            function.built
            Deliver(to: .sqlite("x.db"), table: "t")
        }
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "p.yaml")
        #expect(result.mistakes.map(\.description) == [])
        #expect(try #require(result.pipelines.first) == built)
        #expect(built.validate() == DefinitionFindings())
        #expect(built.transform?.kind == function.kind)
    }

    @Test("a function has a name for people, which shows no argument of a command")
    func codeNames() {
        let names = Self.kinds.map(\.built.codeName)
        #expect(names == ["jobs/orders.handler", "index.handler", "python3 …", "sh …", "jq", "order-row"])
        #expect(Transform(command: ["./enrich"]).codeName == "./enrich")
    }

    @Test("none takes the archive and the transform away in both spellings")
    func none() throws {
        let yaml = """
            pipeline: p
            source: {queue: in}
            archive: none
            transform: none
            deliver: {to: "sqlite:x.db", table: t, rate: none}
            """
        let built = Pipeline("p") {
            Source.queue("in")
            Archive.none
            Deliver(to: .sqlite("x.db"), table: "t")
        }
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "p.yaml")
        #expect(result.mistakes.map(\.description) == [])
        #expect(try #require(result.pipelines.first) == built)
        #expect(built.archive == nil)
    }

    @Test("the builder takes conditions and loops")
    func builder() {
        func make(_ archived: Bool, kinds: [String]) -> Pipeline {
            Pipeline("p") {
                Source.queue("in")
                if archived { Archive(keep: .days(1)) } else { Archive.none }
                for kind in kinds { Subject(kind, "$.person") }
                Deliver(to: .sqlite("x"), table: "t")
            }
        }
        #expect(make(true, kinds: []).archive == Archive(keep: .days(1)))
        #expect(make(false, kinds: ["a", "b"]).subject.keys.sorted() == ["a", "b"])
    }
}
