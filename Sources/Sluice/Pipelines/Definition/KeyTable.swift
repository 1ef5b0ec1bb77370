/// The keys of one map of a definition.
struct KeyTable<Owner: Hashable & Sendable>: Sendable {
    /// The value without any key: its properties are the defaults, and placeholders for what is required.
    let prototype: Owner
    let keys: [Key<Owner>]
    /// Keys of which a map has exactly one; a rule sees to that.
    var alternatives: [String] = []
    /// Keys that people write here although they mean something else, and what to do instead.
    var advice: [String: String] = [:]
    /// Whether keys that begin with `x-` are ignored, so that YAML anchors have a place.
    var ignoresExtensions = false
    /// What a schema can say of keys that need each other.
    var conditions: [SchemaNode] = []
    /// What has to hold across keys.
    var rules: [@Sendable (Owner, inout DefinitionCheck) -> Void] = []

    func read(_ node: DefinitionNode, onto base: Owner, _ reading: inout DefinitionReading) -> Owner? {
        guard case .map(let entries) = node.content else {
            reading.fail(complaint(about: node, reading), expected: "expected a map with \(mainKeys)", at: node.place)
            return nil
        }
        for entry in entries where isUnknown(entry.key) { reportUnknown(entry, &reading) }
        var owner = base
        for key in keys {
            guard let entry = entries.first(where: { $0.key == key.name }) else { continue }
            reading.at(key.name) { reading in
                reading.mark(entry)
                key.read(entry.value, &owner, &reading)
            }
        }
        return owner
    }

    func check(_ owner: Owner, _ check: inout DefinitionCheck) {
        for key in keys { key.check(owner, prototype, &check) }
        for rule in rules { rule(owner, &check) }
    }

    func values(of owner: Owner) -> [KeyValue] { keys.flatMap { $0.values(owner) } }

    /// Every key of the map and of the maps in it, dotted.
    var rows: [KeyRow] {
        keys.flatMap { key in
            [key.row(prototype)]
                + key.nestedRows().map { nested in
                    var row = nested
                    row.path = nested.path.hasPrefix("[") ? key.name + nested.path : dotted(key.name, nested.path)
                    return row
                }
        }
    }

    /// `name and queue`: the keys that a mistake names as what a map may hold.
    var mainKeys: String {
        if !alternatives.isEmpty { return "one of " + alternatives.map { "'\($0)'" }.joined(separator: ", ") }
        let required = keys.filter(\.isRequired).map(\.name)
        let named = required.isEmpty ? keys.map(\.name) : required
        guard let last = named.last, named.count > 1 else { return "'\(named.first ?? "")'" }
        return named.dropLast().map { "'\($0)'" }.joined(separator: ", ") + " and '\(last)'"
    }

    private func complaint(about node: DefinitionNode, _ reading: DefinitionReading) -> String {
        if reading.path.isEmpty { return "the document is not a map" }
        if node.isAbsent { return "has no value" }
        return node.word.map { "\(Quoting.quote($0)) is no map" } ?? "is \(node.kind)"
    }

    private func isUnknown(_ key: String) -> Bool {
        !(ignoresExtensions && key.hasPrefix("x-")) && !keys.contains { $0.name == key }
    }

    private func reportUnknown(_ entry: DefinitionEntry, _ reading: inout DefinitionReading) {
        let whereIn = reading.path.isEmpty ? "" : " in '\(reading.path)'"
        let expected =
            advice[entry.key] ?? Suggestions.advice(for: entry.key, in: reading.path, among: keys.map(\.name))
        reading.report("unknown key \(Quoting.quote(entry.key))\(whereIn)", expected: expected, at: entry.place)
    }
}
