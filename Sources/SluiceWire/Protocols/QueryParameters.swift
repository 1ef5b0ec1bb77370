package import Sluice

/// A form of the Query protocol, or the part of one that stands for a structure: names are paths, with dots.
package struct QueryParameters: Sendable {
    /// What stands at one path, and behind it.
    private final class Node: Sendable {
        let value: Bytes?
        let children: [String: Node]

        init(value: Bytes?, children: [String: Node]) {
            self.value = value
            self.children = children
        }
    }

    private let node: Node

    /// Names of a form may have so many parts.
    private static let deepest = 8
    /// More than ten messages with ten attributes each need, and few enough to be read in no time.
    private static let most = 10_000

    /// - Parameter form: `a=b&c=d`, percent-encoded. Of two of one name the first counts.
    package init(form: Bytes) throws(ParameterFault) {
        guard form.count(where: { $0 == UInt8(ascii: "&") }) < Self.most else {
            throw ParameterFault("A request has at most \(Self.most) parameters.")
        }
        var fields: [(path: [Substring], value: Bytes)] = []
        for pair in form.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: PercentCoding.decode(parts[0], plusIsSpace: true), as: UTF8.self)
            let path = name.split(separator: ".", omittingEmptySubsequences: false)
            guard path.count <= Self.deepest else { throw ParameterFault("The parameter \(name) is not known.") }
            fields.append((path, parts.count > 1 ? PercentCoding.decode(parts[1], plusIsSpace: true)[...] : []))
        }
        node = Self.node(of: fields[...], depth: 0)
    }

    private init(_ node: Node) { self.node = node }

    private static func node(of fields: ArraySlice<(path: [Substring], value: Bytes)>, depth: Int) -> Node {
        let value = fields.first { $0.path.count == depth }?.value
        let deeper = Dictionary(grouping: fields.filter { $0.path.count > depth }) { String($0.path[depth]) }
        return Node(value: value, children: deeper.mapValues { Self.node(of: $0[...], depth: depth + 1) })
    }

    package func bytes(_ name: String) -> Bytes? { node.children[name]?.value }

    package func integer(_ name: String) throws(ParameterFault) -> Int? {
        guard let value = node.children[name]?.value else { return nil }
        guard let integer = Int(value.text) else {
            throw ParameterFault("Value \(value.text) for parameter \(name) is invalid. Reason: it is not a number.")
        }
        return integer
    }

    package func texts(_ name: String) -> [String] { (list(name) ?? []).compactMap { $0.value?.text } }

    package func structures(_ name: String) -> [QueryParameters]? { list(name)?.map(QueryParameters.init) }

    package func map(_ name: String) throws(ParameterFault) -> [(key: String, value: String)]? {
        try list(name)?.mapTyped { entry throws(ParameterFault) in
            (try Self.key(of: entry, name), entry.children["Value"]?.value?.text ?? "")
        }
    }

    package func structureMap(_ name: String) throws(ParameterFault) -> [(key: String, value: QueryParameters)] {
        try (list(name) ?? []).mapTyped { entry throws(ParameterFault) in
            (try Self.key(of: entry, name), QueryParameters(entry.children["Value"] ?? Node(value: nil, children: [:])))
        }
    }

    private static func key(of entry: Node, _ name: String) throws(ParameterFault) -> String {
        guard let key = (entry.children["Name"] ?? entry.children["Key"])?.value else {
            throw ParameterFault("The request must contain the parameter \(name).Name.")
        }
        return key.text
    }

    /// The members `name.1`, `name.2`, …, in the order of their numbers; `nil` = there is none.
    private func list(_ name: String) -> [Node]? {
        guard let list = node.children[name] else { return nil }
        return list.children.compactMap { number, node in Int(number).map { ($0, node) } }
            .sorted { $0.0 < $1.0 }.map(\.1)
    }
}
