import Sluice
import Testing

@testable import SluiceApp

/// What a definition says that is wrong, and the exact words of the answer.
struct MistakeCase: Sendable, CustomTestStringConvertible {
    var yaml: String
    var mistakes: [String]
    var warnings: [String] = []
    var testDescription: String { yaml.split(separator: "\n").suffix(1).joined() }

    /// Three lines that are right, then `lines` from line 4 on.
    static func below(_ lines: String, _ mistakes: String..., warnings: [String] = []) -> MistakeCase {
        MistakeCase(
            yaml: "pipeline: p\nsource: {queue: in}\ndeliver: {to: 'sqlite:x', table: t}\n" + lines, mistakes: mistakes,
            warnings: warnings)
    }

    /// A delivery, from line 3 on.
    static func deliver(_ keys: String, _ mistakes: String...) -> MistakeCase {
        MistakeCase(yaml: "pipeline: p\nsource: {queue: in}\ndeliver:\n" + keys, mistakes: mistakes)
    }
}

@Suite("Mistakes in a definition")
struct DefinitionMistakeTests {
    static let cases: [MistakeCase] = [
        .below("tabel: t", "f:4:1: unknown key 'tabel'; did you mean 'deliver.table'?"),
        .below("piepline: t", "f:4:1: unknown key 'piepline'; did you mean 'pipeline'?"),
        .below("maxRecord: 1MB", "f:4:1: unknown key 'maxRecord'; did you mean 'max_record'?"),
        .below("timeout: 5s", "f:4:1: unknown key 'timeout'; it belongs to 'transform' or 'deliver'"),
        .below(
            "MaxReceiveCount: 5",
            "f:4:1: unknown key 'MaxReceiveCount'; AWS's MaxReceiveCount is 'queue.max_receive_count' or "
                + "'deliver.queue.max_receive_count' here"),
        .below(
            "queue: {VisibilityTimeout: 30}",
            "f:4:9: unknown key 'VisibilityTimeout' in 'queue'; AWS's VisibilityTimeout is 'visibility_timeout' here"),
        .below(
            "transform: {FunctionName: f}",
            "f:4:12: transform says nothing to run; expected one of 'handler', 'command', 'jq', 'function'",
            "f:4:13: unknown key 'FunctionName' in 'transform'; AWS's FunctionName is 'function' here"),
        .below(
            "transform: {function: f, jq: .}",
            "f:4:23: transform has 'jq' and 'function', and can run one of them; expected one of 'handler', 'command', 'jq', "
                + "'function'"),
        .below(
            "archive: off", "f:4:10: archive: 'off' is no map; expected a map with 'keep' and 'max_size', or 'none'"),
        .below(
            "archive: {keep: 30}",
            "f:4:17: archive.keep: '30' has no unit; write '30d' (ms, s, m, h, d, y)"),
        .below(
            "queue: {visibility_timeout: 30}",
            "f:4:29: queue.visibility_timeout: '30' has no unit; write '30s' (ms, s, m, h, d, y)"),
        .below(
            "archive: {keep: 99999}",
            "f:4:17: archive.keep: '99999' has no unit; write '99999s' (ms, s, m, h, d, y)"),
        .below(
            "archive: {keep: 9999999999999}",
            "f:4:17: archive.keep: '9999999999999' has no unit; expected a duration, 1h…10y, such as '14d'"),
        .below("max_record: 1", "f:4:13: max_record: '1' has no unit; write '1KB' (B, KB, MB, GB, TB)"),
        .below(
            "archive: {keep: 30 days}", "f:4:17: archive.keep: '30 days' is not written as a duration here; write '30d'"
        ),
        .below(
            "archive: {keep: 11y}",
            "f:4:17: archive.keep: '11y' is more than 10y; expected a duration, 1h…10y, such as '14d'"),
        .below(
            "archive: {keep: 1:30}",
            "f:4:17: archive.keep: '1:30' is not a duration; expected a duration, 1h…10y, such as '14d'"),
        .below(
            "archive: {keep: 99999999999999999999d}",
            "f:4:17: archive.keep: '99999999999999999999d' is too large; expected a duration, 1h…10y, such as '14d'"),
        .below(
            "archive: {keep: 9999999999999999y}",
            "f:4:17: archive.keep: '9999999999999999y' is too large; expected a duration, 1h…10y, such as '14d'"),
        .below(
            "archive: {keep: }",
            "f:4:17: archive.keep: has no value; expected a duration, 1h…10y, such as '14d', or leave the key out"),
        .below(
            "max_record: 2MB",
            "f:4:13: max_record: '2MB' is more than 1MB, the limit of SQS; expected a size, 1KB…1MB, such as '1MB'"),
        .below("max_record: 512kb", "f:4:13: max_record: '512kb' is not written as a size here; write '512KB'"),
        .below("max_record: 512", "f:4:13: max_record: '512' has no unit; write '512KB' (B, KB, MB, GB, TB)"),
        .below(
            "queue: {max_receive_count: 1001}",
            "f:4:28: queue.max_receive_count: '1001' is more than 1000, the limit of SQS; expected a whole number, 1…1000"
        ),
        .below("queue: {capacity: 1_000}", "f:4:19: queue.capacity: '1_000' is not a whole number; write '1000'"),
        .below(
            "queue: {capacity: 1e6}",
            "f:4:19: queue.capacity: '1e6' is not a whole number; expected a whole number, 1…1000000000"),
        .below(
            "queue: {type: FIFO}",
            "f:4:15: queue.type: 'FIFO' is not one of standard, fifo; did you mean 'fifo'?"),
        .below(
            "queue: [a]",
            "f:4:8: queue: is a list; expected a map with 'type', 'group', 'max_receive_count', 'visibility_timeout', 'retention', 'capacity' and 'max_bytes'"
        ),
        .below(
            "transform:\n  function: f\n  errors:\n    - {match: /(/, then: retry}\n    - {match: x}\n    - {match: '/a', then: no}\n    - b",
            "f:7:15: transform.errors[0].match: '/(/' is no regular expression: expected ')'; expected the type of an error, such as 'ValidationError' or 'sql:*', or a /regular expression/",
            "f:8:7: transform.errors[1].then is missing; expected one of retry, reject, filter, pause",
            "f:9:15: transform.errors[2].match: '/a' is not closed; write '/' behind the regular expression",
            "f:9:27: transform.errors[2].then: 'no' is not one of retry, reject, filter, pause; expected one of retry, reject, filter, pause",
            "f:10:7: transform.errors[3]: 'b' is no map; expected a map with 'match' and 'then'"),
        .below(
            "transform: {function: f, backoff: {first: 1h, max: 1m, factor: 0, jitter: yes}}",
            "f:4:43: transform.backoff.first is 1h, longer than max, 1m; expected first to be at most max",
            "f:4:64: transform.backoff.factor: '0' is less than 1; expected a number, 1…100, such as '1.5'",
            "f:4:75: transform.backoff.jitter: 'yes' is not true or false; write 'true'"),
        .below(
            "subject: {customer: {path: [], normalise: [upper]}}",
            "f:4:21: subject.customer has no path; expected a path, such as '$.customer_id'",
            "f:4:44: subject.customer.normalise[0]: 'upper' is not one of trim, lower; expected one of trim, lower"),
        .below(
            "subject: {a b: $.x}",
            "f:4:16: 'a b' is no kind of person; expected 1 to 40 letters, digits, '-' and '_', such as 'customer'"),
        .below(
            "id: order_id\nsubject: [$.a, '$.b..c']",
            "f:4:5: id: 'order_id' is not a path of one value; a path starts with '$', as in '$.order_id'",
            "f:5:21: subject[1]: '$.b..c' is not a path of one value; '..' finds many values; a path here names one, as in "
                + "'$.a.b'"),
        .below(
            "sluice: 2\nnonsense: 1",
            "f:4:9: sluice: '2' is a version of the format that this Sluice does not read; expected 1; a newer Sluice "
                + "may read it"),
        .below(
            "id: ${ORDER_ID}",
            "f:4:5: id: ${ORDER_ID} is not set; set the variable, or write a default: ${ORDER_ID:-…}"),
        .deliver("  to: sqlite:x", "f:3:1: deliver.table is missing; expected the name of a table"),
        .deliver(
            "  to: out.db\n  table: t",
            "f:4:7: deliver.to: 'out.db' names no kind of sink; write 'sqlite:out.db' for a database file"),
        .deliver(
            "  to: s3://u:pass@h/db\n  table: t",
            "f:4:7: deliver.to: 's3://u:***@h/db' is a kind of sink that this version does not have; expected "
                + "'sqlite:PATH', a database file, 'postgres://…' or 'https://HOST/PATH'"),
        .deliver(
            "  to: 'https://u:pass@h/o'\n  table: t\n  key: a\n  mode: upsert\n  newer_by: b\n  create: true\n  columns: {a: text}\n"
                + "  unknown: add\n  headers: {Authorization: \"Bearer secret\"}",
            "f:4:7: deliver.to names a user, and 'headers' has an Authorization: a request has one of them; leave one of "
                + "them out",
            "f:5:10: deliver.table is for rows of a table, and this delivery sends requests; leave 'table' out",
            "f:6:8: deliver.key is for rows of a table, and this delivery sends requests; leave 'key' out",
            "f:7:9: deliver.mode is for rows of a table, and this delivery sends requests; leave 'mode' out",
            "f:8:13: deliver.newer_by is for rows of a table, and this delivery sends requests; leave 'newer_by' out",
            "f:9:11: deliver.create is for rows of a table, and this delivery sends requests; leave 'create' out",
            "f:10:12: deliver.columns is for rows of a table, and this delivery sends requests; leave 'columns' out",
            "f:11:12: deliver.unknown is for rows of a table, and this delivery sends requests; leave 'unknown' out"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  headers: {A: b}\n  method: POST\n  body: array\n  compression: none",
            "f:6:12: deliver.headers is for requests to an HTTP address, and this delivery writes rows; leave 'headers' out",
            "f:7:11: deliver.method is for requests to an HTTP address, and this delivery writes rows; leave 'method' out",
            "f:8:9: deliver.body is for requests to an HTTP address, and this delivery writes rows; leave 'body' out",
            "f:9:16: deliver.compression is for requests to an HTTP address, and this delivery writes rows; leave "
                + "'compression' out"),
        .deliver(
            "  to: https:///orders\n  method: GET\n  headers:\n    Idempotency-Key: x\n    Host: x\n    'a b': x\n    Content-Length: 3\n"
                + "    X-A: ''\n    x-a: \"a\\nsecret\"",
            "f:4:7: deliver.to: 'https:///orders' names no host; expected a URL, such as "
                + "'https://api.example.com/v1/orders'",
            "f:5:11: deliver.method: 'GET' is not one of POST, PUT, PATCH; expected one of POST, PUT, PATCH",
            "f:7:22: deliver.headers.Idempotency-Key: 'Idempotency-Key' is no header to set; Sluice sends its own with "
                + "every request; leave it out",
            "f:8:11: deliver.headers.Host: 'Host' is no header to set; it follows from 'to'",
            "f:9:12: deliver.headers.a b: 'a b' is no name of a header; expected letters, digits and '-'",
            "f:10:21: deliver.headers.Content-Length: 'Content-Length' is no header to set; leave it out: it is about "
                + "the connection",
            "f:11:10: deliver.headers.X-A has an empty value; expected text, or leave it out",
            "f:12:10: deliver.headers.x-a is there twice: case does not tell headers apart; expected it once",
            "f:12:10: deliver.headers.x-a has a character that is not in printable ASCII; expected a header's text"),
        .deliver(
            "  to: 'https://h/a b#c'",
            "f:4:7: deliver.to: 'https://h/a b#c' has a space, or a character that is not ASCII; write it as '%20', or its like"
        ),
        .deliver(
            "  to: 'https://h:99999/a'",
            "f:4:7: deliver.to: 'https://h:99999/a' has a port that is none; expected 1 to 65535"),
        .deliver(
            "  to: 'sqlite::memory:'\n  table: sqlite_x",
            "f:4:7: deliver.to: 'sqlite::memory:' is lost when the process ends; expected a file's path",
            "f:5:10: deliver.table: 'sqlite_x' is a name that SQLite keeps for itself; expected a name that does not begin "
                + "with 'sqlite_'"),
        .deliver(
            "  to: sqlite:x\n  table: a.b.c",
            "f:5:10: deliver.table: 'a.b.c' has 3 parts; expected the name of a table, as '[schema.]name'"),
        .deliver(
            "  to: sqlite:x\n  table: main.",
            "f:5:10: deliver.table: 'main.' has nothing on one side of the point; expected the name of a table, as "
                + "'[schema.]name'"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  mode: upsert",
            "f:6:9: deliver.mode: 'upsert' needs a key; write 'key: [COLUMN]', or leave 'mode' out"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  key: [a, b, A]",
            "f:6:8: deliver.key names the column 'a' twice; expected each column once"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  columns: {a: 'int); drop table t'}",
            "f:6:16: deliver.columns.a: 'int); drop table t' is no type of a column; expected a type, such as 'integer', "
                + "'text', 'timestamptz' or 'numeric(12,2)'"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  columns: {a: interger, b: 'numeric(2,5)', c: 'numeric(0,0)'}",
            "f:6:16: deliver.columns.a: 'interger' is no type of a column that is known; did you mean 'integer'? "
                + "expected one of \(ColumnType.names.joined(separator: ", "))",
            "f:6:29: deliver.columns.b: 'numeric(2,5)' has more digits behind the point (5) than in all (2); expected "
                + "(all, behind the point), such as numeric(12,2)",
            "f:6:48: deliver.columns.c: 'numeric(0,0)' has no digits; expected at least one, such as numeric(12,2)"),
        .deliver(
            "  to: sqlite:x\n  table: t\n  rate: 500\n  queue: {type: fifo}\n  name: transform",
            "f:6:9: deliver.rate: '500' has no unit of time; write '500/s' (s, m, h)",
            "f:7:11: unknown key 'type' in 'deliver.queue'; all queues of a pipeline have the same; write it under "
                + "'queue' of the pipeline",
            "f:8:9: deliver.name: 'transform' is taken; choose another name"),
        .deliver(
            "  - {to: sqlite:x, table: t}\n  - {to: sqlite:y, table: t}",
            "f:5:5: deliver: is a list of 2; this version has one delivery a pipeline"),
        MistakeCase(
            yaml: "pipeline: Orders!\nsource: {queue: a.b}\ndeliver: {to: sqlite:x, table: t}",
            mistakes: [
                "f:1:11: pipeline: 'Orders!' has the character 'O'; expected 1 to 40 of a-z, 0-9 and '-'",
                "f:2:17: source.queue: 'a.b' has the character '.'; expected a queue's name: letters, digits, '-' and '_'",
            ]),
        MistakeCase(
            yaml: "pipeline: p",
            mistakes: [
                "f:1:1: source is missing; expected a map with one of 'queue', 'bucket'",
                "f:1:1: deliver is missing; expected a map with 'to'",
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {queue: in.fifo}\ndeliver: {to: sqlite:x, table: t}",
            mistakes: [
                "f:2:17: source.queue: 'in.fifo' is the name of a FIFO queue, and the pipeline's queues are standard; "
                    + "write 'type: fifo' under 'queue', or leave '.fifo' out"
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {queue: p-sqlite}\ndeliver: {to: sqlite:x, table: t}",
            mistakes: [
                "f:2:17: source.queue: 'p-sqlite' is also the name of a queue that this pipeline makes; choose another "
                    + "name for the source's queue"
            ]),
        .below(
            "queue: {type: fifo}\narchive: {keep: 1d}",
            warnings: [
                "f:4:15: queue.type is fifo, and queue.group says nothing: a record that is sent without a MessageGroupId "
                    + "goes to the dead-letter queue; write 'group: $.…', a path to what is kept in order",
                "f:5:17: archive.keep is 1d, shorter than dead_letters.keep, 14d: the oldest dead letters have no raw "
                    + "copy; write 'keep: 14d' under 'archive'",
            ]),
        .below(
            "queue: {group: $.c, visibility_timeout: 10s}\ntransform: {function: f}",
            warnings: [
                "f:4:16: queue.group keeps no order in a standard queue: it only gives each group a fair share; write "
                    + "'type: fifo' for order, or 'type: standard' if a fair share is meant",
                "f:4:41: visibility_timeout is 10s, shorter than transform.timeout, 30s: a record may be received again "
                    + "while the first try still runs; write 'visibility_timeout: auto', or a longer one",
                "f:4:41: visibility_timeout is 10s, shorter than deliver.timeout, 30s: a record may be received again "
                    + "while the first try still runs; write 'visibility_timeout: auto', or a longer one",
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {queue: q, bucket: drop}\ndeliver: {to: sqlite:x, table: t}\n",
            mistakes: [
                "f:2:28: source has 'queue' and 'bucket', and can read from one of them; expected one of 'queue', "
                    + "'bucket'"
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {name: till}\ndeliver: {to: sqlite:x, table: t}\n",
            mistakes: ["f:2:9: source names nothing to read from; write 'queue: NAME' or 'bucket: NAME'"]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {queue: q, prefix: in/, format: csv}\ndeliver: {to: sqlite:x, table: t}\n",
            mistakes: [
                "f:2:28: source.prefix is for the objects of a bucket, and a queue's messages are its records; leave "
                    + "'prefix' out",
                "f:2:41: source.format is for the objects of a bucket, and a queue's messages are its records; leave "
                    + "'format' out",
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {bucket: drop}\nqueue: {type: fifo}\ndeliver: {to: sqlite:x, table: t}\n",
            mistakes: [
                "f:3:15: queue.type is fifo, and queue.group says nothing: the records of objects have no other group; "
                    + "write 'group: $.…', a path to what is kept in order"
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {bucket: Drop_1}\ndeliver: {to: sqlite:x, table: t}\n",
            mistakes: [
                "f:2:18: source.bucket: 'Drop_1' has the character 'D'; "
                    + "expected a bucket's name: 3 to 63 of a-z, 0-9, '-' and '.'"
            ]),
        MistakeCase(
            yaml: "pipeline: p\nsource: {bucket: drop, format: jsonl, csv: {header: false, delimiter: ab}}\n"
                + "deliver: {to: sqlite:x, table: t}\n",
            mistakes: [
                "f:2:44: source.csv says how CSV is written, and the format is jsonl; write 'format: csv', or leave "
                    + "'csv' out",
                "f:2:53: source.csv: without a header line the columns have no names; write 'columns: [a, b]'",
                "f:2:71: source.csv.delimiter: 'ab' is not one ASCII character; expected one character, such as ';', or "
                    + "'tab'",
            ]),
    ]

    @Test("each mistake is told with its place, what is wrong and what was expected", arguments: cases)
    func texts(_ wrong: MistakeCase) {
        let result = DefinitionReader(environment: [:]).read(text: wrong.yaml, name: "f")
        #expect(result.mistakes.map(\.description) == wrong.mistakes)
        #expect(result.warnings.map(\.description) == wrong.warnings)
        #expect(result.pipelines.isEmpty == !wrong.mistakes.isEmpty)
    }

    @Test("a value that was built in Swift is checked by the same ranges, in the same words")
    func swiftValues() {
        let pipeline = Pipeline("p") {
            Source.queue("a b")
            Queues(.fifo, maxReceiveCount: 0)
            Transform(function: "f", timeout: .hours(1), errors: [ErrorRule(match: "", then: .retry)])
            Deliver(to: .sqlite("x"), table: "t", mode: .upsert, rate: Rate(1, per: .days(1)))
            Transform(function: "g", timeout: .hours(1))
        }
        let findings = pipeline.validate()
        #expect(
            findings.mistakes.map(\.description) == [
                "pipeline 'p': source.queue: 'a b' has the character ' '; expected a queue's name: letters, digits, '-' "
                    + "and '_'",
                "pipeline 'p': queue.max_receive_count: '0' is less than 1; expected a whole number, 1…1000",
                "pipeline 'p': transform.timeout: '1h' is more than 15m, the limit of Lambda; expected a duration, 1s…15m, "
                    + "such as '30s'",
                "pipeline 'p': deliver.rate: '1/1d' is per 1d; expected a rate per s, m or h",
                "pipeline 'p': deliver.mode: 'upsert' needs a key; write 'key: [COLUMN]', or leave 'mode' out",
                "pipeline 'p': Transform is given more than once; expected one",
            ])
        #expect(findings.warnings.count == 1)
    }

    @Test("a pipeline in Swift without its source and delivery says so")
    func incompleteSwiftValue() {
        let pipeline = Pipeline("p") { Archive.none }
        #expect(
            pipeline.validate().mistakes.map(\.description) == [
                "pipeline 'p': source is missing; expected a map with one of 'queue', 'bucket'",
                "pipeline 'p': deliver is missing; expected a map with 'to'",
            ])
    }

    @Test("pipelines that share a name, a source or a queue are a mistake, also across files and Swift")
    func clashes() {
        func document(_ name: String, _ queue: String) -> String {
            "pipeline: \(name)\nsource: {queue: \(queue)}\ndeliver: {to: sqlite:x, table: t}\n---\n"
        }
        let yaml = document("p", "in") + document("p", "in2") + document("q", "in") + document("r", "p-sqlite")
        let result = DefinitionReader(environment: [:]).read(text: yaml, name: "f")
        #expect(
            result.mistakes.map(\.description) == [
                "f:5:11: pipeline: 'p' is the name of two pipelines (the other one: f:1:11); expected each name once",
                "f:10:17: source.queue: 'in' is also the source of 'p' (f:1:11); expected one pipeline to each source queue",
                "f:14:17: the queue 'p-sqlite' would belong to 'r' and to 'p' (f:1:11); choose another name for a "
                    + "pipeline, a source's queue or a delivery",
            ])
        let one = Pipeline("a") {
            Source.queue("in")
            Deliver(to: .sqlite("x"), table: "t")
        }
        let two = Pipeline("b") {
            Source.queue("in.fifo")
            Queues(.fifo(group: "$.g"))
            Deliver(to: .sqlite("x"), table: "t")
        }
        #expect(
            [one, two].validate().mistakes.map(\.description) == [
                "pipeline 'b': source.queue: 'in.fifo' is also the source of 'a' (pipeline 'a'); expected one pipeline to "
                    + "each source queue"
            ])
    }

    @Test("a Swift function that the program does not have is a mistake at the place that names it")
    func unknownFunction() {
        let yaml = """
            pipeline: p
            source: {queue: in}
            transform: {function: order-rwo}
            deliver: {to: sqlite:x, table: t}
            """
        let reader = DefinitionReader(environment: [:], functions: ["order-row", "other"])
        #expect(
            reader.read(text: yaml, name: "f").mistakes.map(\.description) == [
                "f:3:23: transform.function: there is no Swift function 'order-rwo' in this program; did you mean "
                    + "'order-row'?"
            ])
        #expect(
            DefinitionReader(environment: [:], functions: []).read(text: yaml, name: "f").mistakes.map(\.description)
                == [
                    "f:3:23: transform.function: there is no Swift function 'order-rwo' in this program; this program has none"
                ])
    }
}
