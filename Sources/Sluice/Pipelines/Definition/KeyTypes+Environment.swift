extension KeyType where Value == [String: String] {
    /// Names of variables with their values.
    static var environment: KeyType {
        .texts(
            expected: "a map of names to values, such as {TZ: UTC}", value: "the text of a variable, or \"\"",
            check: checkEnvironment,
            text: { variables in
                let pairs = variables.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                return "{" + pairs.joined(separator: ", ") + "}"
            }, pattern: "^[a-zA-Z][a-zA-Z0-9_]+$", mayBeEmpty: true)
    }

    @Sendable private static func checkEnvironment(_ variables: [String: String], _ check: inout DefinitionCheck) {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            check.at(name) { check in
                if let complaint = problem(ofName: name) {
                    check.report(
                        "\(check.path): \(Quoting.quote(name)) \(complaint.problem)",
                        expected: complaint.expected ?? "expected another name")
                }
                if value.utf8.contains(0) {
                    check.report("\(check.path) has a NUL in its value", expected: "expected text")
                }
            }
        }
        let bytes = variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        let limit = Limits.environment
        guard bytes > limit.now.upperBound.bytes else { return }
        check.report(
            "\(check.path) has \(bytes) bytes of names and values, more than \(limit.now.upperBound.definitionText), "
                + "the limit of \(limit.service)",
            expected: "put what is large into a file of the code folder")
    }

    private static func problem(ofName name: String) -> Complaint? {
        if Limits.reservedEnvironment.contains(name) {
            return Complaint("is a variable that Lambda sets itself", expected: "choose another name")
        }
        // Lambda's own rule: the first is a letter, and there are at least two.
        guard name.wholeMatch(of: /[a-zA-Z][a-zA-Z0-9_]+/) == nil else { return nil }
        return Complaint(
            "is no name of a variable",
            expected: "expected a letter, then letters, digits and '_', two characters at least")
    }
}
