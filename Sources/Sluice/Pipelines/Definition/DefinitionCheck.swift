/// One pass over a finished value, from YAML or from Swift alike: ranges, required keys, rules across keys.
struct DefinitionCheck {
    let marks: DefinitionMarks
    private(set) var findings = DefinitionFindings()
    private(set) var path = ""

    init(marks: DefinitionMarks) { self.marks = marks }

    /// Checks below the key `name`, unless it could not be read: that is told already.
    mutating func at(_ name: String, _ body: (inout DefinitionCheck) -> Void) {
        descend(to: dotted(path, name), body)
    }

    mutating func at(index: Int, _ body: (inout DefinitionCheck) -> Void) { descend(to: "\(path)[\(index)]", body) }

    private mutating func descend(to inner: String, _ body: (inout DefinitionCheck) -> Void) {
        guard !marks.unread.contains(inner) else { return }
        let outer = path
        path = inner
        defer { path = outer }
        body(&self)
    }

    /// Whether the value is there to be compared: false for a key that could not be read.
    func knows(_ keys: String...) -> Bool { keys.allSatisfy { !marks.unread.contains(dotted(path, $0)) } }
    /// Whether a file wrote the key. Never true for a value that was built in Swift.
    func isGiven(_ key: String) -> Bool { marks.isGiven(dotted(path, key)) }

    /// Whether a check would report anything.
    func finds(_ body: (inout DefinitionCheck) -> Void) -> Bool {
        var probe = DefinitionCheck(marks: marks)
        body(&probe)
        return !probe.findings.mistakes.isEmpty
    }

    /// Reports the value of the current key: `transform.timeout: '20m' is more than 15m; expected 1s…15m`.
    mutating func complain(about text: String, _ problem: String, expected: String) {
        let shown = Quoting.quote(marks.marks[path]?.written ?? text)
        report("\(path): \(shown) \(problem)", expected: expected)
    }

    /// Reports at the current key, or at `key` below it.
    mutating func report(_ problem: String, expected: String, at key: String? = nil) {
        let place = marks.place(of: key.map { dotted(path, $0) } ?? path)
        findings.mistakes.append(DefinitionMistake(at: place, problem, expected: expected))
    }

    mutating func warn(_ problem: String, expected: String, at key: String? = nil) {
        let place = marks.place(of: key.map { dotted(path, $0) } ?? path)
        findings.warnings.append(DefinitionMistake(at: place, problem, expected: expected))
    }
}
