import Sluice
import Yams

/// Turns what Yams composed into nodes: aliases are expanded within bounds, merge keys merged.
struct YAMLConversion {
    let path: String
    /// Nodes that may still be made of this file: a few aliases of aliases stand for billions.
    private var budget = 100_000
    private var depth = 0

    private static let deepest = 64

    init(path: String) { self.path = path }

    mutating func node(_ node: Node) throws(DefinitionMistake) -> DefinitionNode {
        let place = place(of: node)
        budget -= 1
        depth += 1
        defer { depth -= 1 }
        guard budget >= 0 else {
            throw DefinitionMistake(
                at: place, "the file stands for too many values, with its aliases", expected: "expected a definition")
        }
        guard depth <= Self.deepest else {
            throw DefinitionMistake(
                at: place, "the values are nested more than \(Self.deepest) deep", expected: "expected a definition")
        }
        try checkTag(node, at: place)
        switch node {
        case .scalar(let scalar):
            return DefinitionNode(
                .scalar(scalar.string, quoted: scalar.style != .plain && scalar.style != .any), at: place)
        case .sequence(let sequence):
            var items: [DefinitionNode] = []
            for item in sequence { items.append(try self.node(item)) }
            return DefinitionNode(.list(items), at: place)
        case .mapping(let mapping): return DefinitionNode(.map(try entries(of: mapping)), at: place)
        case .alias:
            throw DefinitionMistake(at: place, "the alias has no anchor", expected: "expected '&name' before '*name'")
        }
    }

    private mutating func entries(of mapping: Node.Mapping) throws(DefinitionMistake) -> [DefinitionEntry] {
        var entries: [DefinitionEntry] = []
        var merged: [DefinitionEntry] = []
        for pair in mapping {
            guard case .scalar(let key) = pair.key else {
                throw DefinitionMistake(
                    at: place(of: pair.key), "a key is a list or a map", expected: "expected a word")
            }
            if key.string == "<<", key.style == .plain {
                merged += try mergedEntries(pair.value)
            } else {
                let value = try node(pair.value)
                entries.append(DefinitionEntry(key: key.string, place: place(of: pair.key), value: value))
            }
        }
        // What is written in the map itself comes before what is merged into it, and an earlier merge before a later.
        var keys = Set(entries.map(\.key))
        return entries + merged.filter { keys.insert($0.key).inserted }
    }

    private mutating func mergedEntries(_ value: Node) throws(DefinitionMistake) -> [DefinitionEntry] {
        let node = try node(value)
        switch node.content {
        case .map(let entries): return entries
        case .list(let items):
            var merged: [DefinitionEntry] = []
            for item in items {
                guard case .map(let entries) = item.content else { throw notMergeable(item) }
                merged += entries
            }
            return merged
        case .scalar: throw notMergeable(node)
        }
    }

    private func notMergeable(_ node: DefinitionNode) -> DefinitionMistake {
        DefinitionMistake(at: node.place, "'<<' merges maps only", expected: "expected a map, or an alias of one")
    }

    private func checkTag(_ node: Node, at place: DefinitionPlace) throws(DefinitionMistake) {
        let tag = node.tag.description
        guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:") || tag == "!" else {
            throw DefinitionMistake(
                at: place, "the tag '\(tag)' means nothing here", expected: "leave it out")
        }
    }

    private func place(of node: Node) -> DefinitionPlace {
        .file(path, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
}
