/// What has to hold across the keys of a transform.
enum TransformRules {
    @Sendable static func check(_ transform: Transform, _ check: inout DefinitionCheck) {
        let kinds = kinds(of: transform, check)
        guard let kind = kinds.first else {
            return check.report(
                "\(check.path) says nothing to run", expected: "expected \(DefinitionKeys.transform.mainKeys)")
        }
        if let other = kinds.dropFirst().first {
            return check.report(
                "\(check.path) has '\(kind)' and '\(other)', and can run one of them",
                expected: "expected \(DefinitionKeys.transform.mainKeys)", at: other)
        }
        if kind == "command", check.knows("command", "command[0]"), transform.command.first?.isEmpty ?? true {
            check.report(
                "\(check.path).command names no program", expected: "expected its words, such as [python3, app.py]",
                at: "command")
        }
        checkRuntime(kind, transform, &check)
        checkProcess(kind, transform, &check)
    }

    /// Which of the four are there, be it with a mistake in them.
    private static func kinds(of transform: Transform, _ check: DefinitionCheck) -> [String] {
        let isSet = [
            "handler": transform.handler != nil, "command": !transform.command.isEmpty, "jq": transform.jq != nil,
            "function": transform.function != nil,
        ]
        return DefinitionKeys.transform.alternatives.filter { isSet[$0] == true || check.isGiven($0) }
    }

    private static func checkRuntime(_ kind: String, _ transform: Transform, _ check: inout DefinitionCheck) {
        let hasRuntime = transform.runtime != nil || check.isGiven("runtime")
        if kind == "handler", !hasRuntime {
            check.report("\(check.path).handler needs a runtime", expected: "write 'runtime: python3'", at: "handler")
        }
        guard kind != "handler", hasRuntime else { return }
        check.report(
            "\(check.path).runtime runs a handler, and there is none",
            expected: "write 'handler: module.function' in place of '\(kind)', or leave 'runtime' out", at: "runtime")
    }

    /// Keys that say nothing to this kind of function would be ignored silently.
    private static func checkProcess(_ kind: String, _ transform: Transform, _ check: inout DefinitionCheck) {
        let usual = DefinitionKeys.transform.prototype
        let differs = [
            ("code", transform.code != usual.code), ("environment", transform.environment != usual.environment),
            ("memory", transform.memory != usual.memory), ("contract", transform.contract != usual.contract),
            ("answers", transform.answers != usual.answers),
        ]
        for (key, isSet) in differs where isSet || check.isGiven(key) {
            switch kind {
            case "function":
                check.report(
                    "\(check.path).\(key) is for a function that is a process, and a Swift function runs in this one",
                    expected: "leave '\(key)' out", at: key)
            case "jq" where key == "contract" || key == "answers":
                check.report(
                    "\(check.path).\(key) is for a function that reads events, and a jq program is given each record",
                    expected: "leave '\(key)' out", at: key)
            case "jq" where key == "code":
                check.report(
                    "\(check.path).code is for a function that has files, and a jq program can read none",
                    expected: "leave 'code' out; 'jq: orders.jq' is the program of a file", at: key)
            default: break
            }
        }
    }
}
