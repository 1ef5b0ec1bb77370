package import Sluice

/// A structure in JSON: its members, read once. A member that is null is not there; of two of one name the last counts.
package struct JSONParameters: Sendable {
    private let members: [(name: String, value: JSONValue)]

    /// Reads a whole body; an empty one is a structure without members.
    package init(body: Bytes) throws(ParameterFault) {
        let structure: JSONValue.Structure
        do {
            structure = try JSONValue.structure(parsing: body.isEmpty ? Bytes("{}") : body)
        } catch {
            throw ParameterFault("The body is not JSON: \(error.message)")
        }
        try self.init(structure, name: "body")
    }

    private init(_ value: JSONValue, name: String) throws(ParameterFault) {
        try self.init((value, Array(value.members)), name: name)
    }

    private init(_ structure: JSONValue.Structure, name: String) throws(ParameterFault) {
        guard structure.value.kind == .object else { throw Self.mismatch(name, structure.value, "a structure") }
        members = structure.members.map { ($0.name, $0.value) }
    }

    private subscript(name: String) -> JSONValue? {
        guard let value = members.last(where: { $0.name == name })?.value, value.kind != .null else { return nil }
        return value
    }

    package func bytes(_ name: String) throws(ParameterFault) -> Bytes? {
        guard let value = self[name] else { return nil }
        guard let bytes = value.textBytes else { throw Self.mismatch(name, value, "a String") }
        return bytes
    }

    package func integer(_ name: String) throws(ParameterFault) -> Int? {
        guard let value = self[name] else { return nil }
        // Some clients write numbers as texts.
        let text = value.kind == .number ? value.bytes.text : value.string ?? ""
        guard let integer = Int(text) else { throw Self.mismatch(name, value, "an Integer") }
        return integer
    }

    package func texts(_ name: String) throws(ParameterFault) -> [String] {
        try elements(name)?.mapTyped { value throws(ParameterFault) in
            guard let text = value.string else { throw Self.mismatch(name, value, "a String") }
            return text
        } ?? []
    }

    package func structures(_ name: String) throws(ParameterFault) -> [JSONParameters]? {
        guard let value = self[name] else { return nil }
        guard value.kind == .array else { throw Self.mismatch(name, value, "a list") }
        return try value.structures.mapTyped { structure throws(ParameterFault) in
            try JSONParameters(structure, name: name)
        }
    }

    package func map(_ name: String) throws(ParameterFault) -> [(key: String, value: String)]? {
        guard let value = self[name] else { return nil }
        return try JSONParameters(value, name: name).members.mapTyped { member throws(ParameterFault) in
            guard let text = member.value.string else { throw Self.mismatch(member.name, member.value, "a String") }
            return (member.name, text)
        }
    }

    package func structureMap(_ name: String) throws(ParameterFault) -> [(key: String, value: JSONParameters)] {
        guard let value = self[name] else { return [] }
        return try JSONParameters(value, name: name).members.mapTyped { member throws(ParameterFault) in
            (member.name, try JSONParameters(member.value, name: member.name))
        }
    }

    private func elements(_ name: String) throws(ParameterFault) -> [JSONValue]? {
        guard let value = self[name] else { return nil }
        guard value.kind == .array else { throw Self.mismatch(name, value, "a list") }
        return Array(value.elements)
    }

    private static func mismatch(_ name: String, _ value: JSONValue, _ wanted: String) -> ParameterFault {
        let found =
            switch value.kind {
            case .object: "STRUCTURE_VALUE"
            case .array: "LIST_VALUE"
            case .string: "STRING_VALUE"
            case .number: "NUMBER_VALUE"
            case .true: "TRUE_VALUE"
            case .false: "FALSE_VALUE"
            case .null: "NULL_VALUE"
            }
        return ParameterFault("\(found) cannot be converted to \(wanted) (\(name))")
    }
}

extension Collection {
    /// `map` with a typed error.
    func mapTyped<Result, Failure: Error>(
        _ transform: (Element) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        var results: [Result] = []
        results.reserveCapacity(count)
        for element in self { results.append(try transform(element)) }
        return results
    }
}
