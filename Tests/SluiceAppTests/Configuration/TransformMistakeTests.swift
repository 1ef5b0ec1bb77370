import Sluice
import Testing

@testable import SluiceApp

@Suite("Mistakes in a transform")
struct TransformMistakeTests {
    static let cases: [MistakeCase] = [
        .below(
            "transform: f",
            "f:4:12: transform: 'f' is no map; expected a map with one of 'handler', 'command', 'jq', "
                + "'function', or 'none'"),
        .below(
            "transform: {handler: a.b, function: f, jq: .}",
            "f:4:44: transform has 'handler' and 'jq', and can run one of them; expected one of "
                + "'handler', 'command', 'jq', 'function'"),
        .below(
            "transform: {handler: a.b}",
            "f:4:22: transform.handler needs a runtime; write 'runtime: python3'"),
        .below(
            "transform: {command: [], batch: 5}",
            "f:4:22: transform.command names no program; expected its words, such as [python3, app.py]"),
        .below(
            "transform: {command: python3 app.py}",
            "f:4:22: transform.command: 'python3 app.py' is no list; expected a list, each a word of the "
                + "command, as in [python3, -m, awslambdaric, orders.handler]"),
        .below(
            "transform: {command: [a, \"b\\0c\"]}",
            "f:4:26: transform.command[1]: 'b\\0c' has a NUL in it; expected a word of the command, as "
                + "in [python3, -m, awslambdaric, orders.handler]"),
        .below(
            "transform: {command: ['']}",
            "f:4:22: transform.command names no program; expected its words, such as [python3, app.py]"),
        .below(
            "transform: {jq: ' '}",
            "f:4:17: transform.jq: ' ' is empty; expected a jq program, such as '{order_id, amount: "
                + "(.cents / 100)}'"),
        .below(
            "transform: {jq: {file: x.jq}}",
            "f:4:17: transform.jq: is a map; expected a jq program, such as '{order_id, amount: (.cents " + "/ 100)}'"),
        .below(
            "transform: {jq: ., runtime: python3}",
            "f:4:29: transform.runtime runs a handler, and there is none; write 'handler: "
                + "module.function' in place of 'jq', or leave 'runtime' out"),
        .below(
            "transform: {command: [x], runtime: python3}",
            "f:4:36: transform.runtime runs a handler, and there is none; write 'handler: "
                + "module.function' in place of 'command', or leave 'runtime' out"),
        .below(
            "transform: {runtime: python3, code: x}",
            "f:4:12: transform says nothing to run; expected one of 'handler', 'command', 'jq', " + "'function'"),
        .below(
            "transform: {jq: ., contract: firehose, answers: aws}",
            "f:4:30: transform.contract is for a function that reads events, and a jq program is given "
                + "each record; leave 'contract' out",
            "f:4:49: transform.answers is for a function that reads events, and a jq program is given "
                + "each record; leave 'answers' out"),
        .below(
            "transform: {function: f, code: x, environment: {TZ: UTC}, memory: 256MB, contract: json, answers: aws}",
            "f:4:32: transform.code is for a function that is a process, and a Swift function runs in "
                + "this one; leave 'code' out",
            "f:4:48: transform.environment is for a function that is a process, and a Swift function "
                + "runs in this one; leave 'environment' out",
            "f:4:67: transform.memory is for a function that is a process, and a Swift function runs in "
                + "this one; leave 'memory' out",
            "f:4:84: transform.contract is for a function that is a process, and a Swift function runs "
                + "in this one; leave 'contract' out",
            "f:4:99: transform.answers is for a function that is a process, and a Swift function runs in "
                + "this one; leave 'answers' out"),
        .below(
            "transform: {handler: handler, runtime: python}",
            "f:4:22: transform.handler: 'handler' names a module or a function, and not both; expected a "
                + "function of a module, such as 'orders.handler'",
            "f:4:40: transform.runtime: 'python' is not a runtime here; write 'python3'"),
        .below(
            "transform: {handler: a..b, runtime: node20}",
            "f:4:22: transform.handler: 'a..b' has nothing on one side of a point; expected a function "
                + "of a module, such as 'orders.handler'",
            "f:4:37: transform.runtime: 'node20' is not a runtime here; write 'nodejs20.x'"),
        .below(
            "transform: {handler: 'a b.c', runtime: nodejs}",
            "f:4:22: transform.handler: 'a b.c' has the character ' '; expected a function of a module, "
                + "such as 'orders.handler'",
            "f:4:40: transform.runtime: 'nodejs' is not a runtime here; write 'nodejs22.x'"),
        .below(
            "transform: {handler: src/a.b, runtime: provided.al2023, code: ''}",
            "f:4:40: transform.runtime: 'provided.al2023' is a runtime that Sluice has no client for; "
                + "expected 'python3', 'python3.x' or 'nodejs22.x'; in place of 'handler' any program that "
                + "speaks the Lambda Runtime API may be the 'command'",
            "f:4:63: transform.code: '' is empty; expected the path of a folder"),
        .below(
            "transform: {handler: \(String(repeating: "a", count: 127)).b, runtime: python3.x}",
            "f:4:22: transform.handler: "
                + "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…' has 129 "
                + "characters; expected at most 128, the limit of Lambda",
            "f:4:162: transform.runtime: 'python3.x' is a runtime that Sluice has no client for; "
                + "expected 'python3', 'python3.x' or 'nodejs22.x'; in place of 'handler' any program that "
                + "speaks the Lambda Runtime API may be the 'command'"),
        .below(
            "transform: {MemorySize: 256, Handler: a.b, command: [x]}",
            "f:4:13: unknown key 'MemorySize' in 'transform'; AWS's MemorySize is 'memory' here",
            "f:4:30: unknown key 'Handler' in 'transform'; AWS's Handler is 'handler' here"),
        .below(
            "transform: {command: [x], contract: sqs, answers: lax}",
            "f:4:37: transform.contract: 'sqs' is not one of firehose, json; expected one of firehose, " + "json",
            "f:4:51: transform.answers: 'lax' is not one of strict, aws; expected one of strict, aws"),
        .below(
            "transform: {command: [x], memory: 64MB}",
            "f:4:35: transform.memory: '64MB' is less than 128MB; expected a size, 128MB…10GB, such as " + "'10GB'"),
        .below(
            "transform: {command: [x], memory: 256}",
            "f:4:35: transform.memory: '256' has no unit; write '256MB' (B, KB, MB, GB, TB)"),
        .below(
            "transform: {command: [x], memory: 16GB}",
            "f:4:35: transform.memory: '16GB' is more than 10GB, the limit of Lambda; expected a size, "
                + "128MB…10GB, such as '10GB'"),
        .below(
            "transform: {command: [x], environment: [a]}",
            "f:4:40: transform.environment: is a list; expected a map of names to values, such as {TZ: " + "UTC}"),
        .below(
            "transform: {command: [x], environment: {AWS_REGION: eu, _HANDLER: x, 1A: x, A: x, B-C: x, OK: }}",
            "f:4:53: transform.environment.AWS_REGION: 'AWS_REGION' is a variable that Lambda sets "
                + "itself; choose another name",
            "f:4:67: transform.environment._HANDLER: '_HANDLER' is a variable that Lambda sets itself; "
                + "choose another name",
            "f:4:74: transform.environment.1A: '1A' is no name of a variable; expected a letter, then "
                + "letters, digits and '_', two characters at least",
            "f:4:80: transform.environment.A: 'A' is no name of a variable; expected a letter, then "
                + "letters, digits and '_', two characters at least",
            "f:4:88: transform.environment.B-C: 'B-C' is no name of a variable; expected a letter, then "
                + "letters, digits and '_', two characters at least",
            "f:4:95: transform.environment.OK: has no value; expected the text of a variable, or \"\", "
                + "or leave the key out"),
        .below(
            "transform: {command: [x], environment: {AB: \(String(repeating: "ü", count: 2_048))}}",
            "f:4:40: transform.environment has 4098 bytes of names and values, more than 4KB, the limit "
                + "of Lambda; put what is large into a file of the code folder"),
        .below(
            "transform: {command: [x], pause_when: 90}",
            "f:4:39: transform.pause_when: '90' is not a share of the last records; write '90% of 200'"),
        .below(
            "transform: {command: [x], pause_when: often}",
            "f:4:39: transform.pause_when: 'often' is not a share of the last records; expected a share "
                + "of the last records, such as '90% of 200'"),
        .below(
            "transform: {command: [x], pause_when: 101% of 200}",
            "f:4:39: transform.pause_when: '101% of 200' is not between 1% and 100%; expected a share of "
                + "the last records, such as '90% of 200'"),
        .below(
            "transform: {command: [x], pause_when: 90% of 20000}",
            "f:4:39: transform.pause_when: '90% of 20000' is not of 1 to 10000 records; expected a share "
                + "of the last records, such as '90% of 200'"),
    ]

    @Test("each mistake is told with its place, what is wrong and what was expected", arguments: cases)
    func texts(_ wrong: MistakeCase) {
        let result = DefinitionReader(environment: [:]).read(text: wrong.yaml, name: "f")
        #expect(result.mistakes.map(\.description) == wrong.mistakes)
        #expect(result.pipelines.isEmpty == !wrong.mistakes.isEmpty)
    }

    @Test("a transform that was built in Swift is checked by the same rules, in the same words")
    func swiftValues() {
        var both = Transform(handler: "a.b", runtime: "python3", memory: .megabytes(64))
        both.jq = "."
        var function = Transform(function: "f", pauseWhen: PauseWhen(0, of: 200))
        function.environment = ["AWS_REGION": "eu"]
        let mistakes = [both, function, Transform(command: [])].flatMap { transform in
            Pipeline("p") {
                Source.queue("in")
                transform
                Deliver(to: .sqlite("x"), table: "t")
            }.validate().mistakes.map(\.description)
        }
        #expect(
            mistakes == [
                "pipeline 'p': transform.memory: '64MB' is less than 128MB; expected a size, 128MB…10GB, "
                    + "such as '10GB'",
                "pipeline 'p': transform has 'handler' and 'jq', and can run one of them; expected one of "
                    + "'handler', 'command', 'jq', 'function'",
                "pipeline 'p': transform.environment.AWS_REGION: 'AWS_REGION' is a variable that Lambda sets "
                    + "itself; choose another name",
                "pipeline 'p': transform.pause_when: '0% of 200' is not between 1% and 100%; expected a "
                    + "share of the last records, such as '90% of 200'",
                "pipeline 'p': transform.environment is for a function that is a process, and a Swift "
                    + "function runs in this one; leave 'environment' out",
                "pipeline 'p': transform says nothing to run; expected one of 'handler', 'command', 'jq', "
                    + "'function'",
            ])
    }

    @Test("without the secrets, what is not known is no mistake")
    func withoutSecrets() {
        let yaml = MistakeCase.below("transform: {handler: '${H}', runtime: '${R}', code: '${C}'}").yaml
        let result = DefinitionReader(environment: [:], secrets: false).read(text: yaml, name: "f")
        #expect(result.mistakes.map(\.description) == [])
    }

    @Test("a secret in a variable of a function is masked")
    func secrets() {
        let yaml = MistakeCase.below("transform: {command: [x], environment: {URL: 'http://u:pw9876@h/', TZ: UTC}}")
            .yaml
        let explanation = DefinitionReader(environment: [:]).read(text: yaml, name: "f").explanation
        #expect(explanation.contains("{TZ: UTC, URL: http://u:***@h/}"), "\(explanation)")
        #expect(!explanation.contains("pw9876"))
    }

    @Test("check --explain shows the keys that mean something to the kind of function")
    func explained() {
        func keys(_ transform: String) -> [String] {
            let yaml = MistakeCase.below("transform: {\(transform)}").yaml
            let result = DefinitionReader(environment: [:]).read(text: yaml, name: "f")
            return result.definitions.flatMap(\.explanation).map(\.key).filter { $0.hasPrefix("transform.") }
                .map { String($0.dropFirst("transform.".count)) }.filter { !$0.hasPrefix("backoff") }
        }
        let common = ["timeout", "concurrency", "batch", "batch_window", "errors", "pause_when"]
        #expect(keys("function: f") == ["function"] + common)
        #expect(keys("jq: .") == ["jq", "environment", "memory"] + common)
        let process = ["environment", "contract", "answers", "memory"]
        #expect(keys("command: [x]") == ["code", "command"] + process + common)
        #expect(keys("handler: a.b, runtime: python3") == ["handler", "runtime", "code"] + process + common)
    }
}
