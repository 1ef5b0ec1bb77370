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
            deliver:
              - name: shop
                to: sqlite:out/shop.db
                table: orders
                key: [order_id]
                mode: upsert
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
            """
        let built = Pipeline("orders") {
            Source.queue("orders-in", name: "till")
            ID("$.order_id")
            MaxRecord(.kilobytes(512))
            Archive(keep: .days(30))
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
                backoff: Backoff(first: .seconds(2), max: .minutes(10), factor: 1.5, jitter: false))
            Deliver(
                name: "shop", to: .sqlite("out/shop.db"), table: "orders", key: ["order_id"], mode: .upsert,
                create: false,
                columns: [.init("amount", "numeric(12,2)"), .init("placed_at", "timestamptz")], unknown: .reject,
                queue: QueueOverrides(
                    maxReceiveCount: 3, visibilityTimeout: .auto, retention: .days(1), capacity: 50,
                    maxBytes: 1 << 30),
                concurrency: 2, rate: .perSecond(500), batch: 250, batchWindow: .seconds(1), timeout: .seconds(45),
                errors: [ErrorRule(match: "sql:2067", then: .pause)], backoff: Backoff(first: .milliseconds(500)),
                breaker: BreakerPlan(after: 3, probe: .seconds(10)))
            DeadLetters(keep: .days(20))
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
