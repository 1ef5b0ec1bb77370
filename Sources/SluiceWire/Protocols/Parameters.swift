package import Sluice

/// The parameters of a request, or of a structure in it, whatever protocol it came in.
package enum Parameters: Sendable {
    case json(JSONParameters)
    case query(QueryParameters)

    /// A text, as UTF-8; `nil` = it is not there.
    package func bytes(_ name: ParameterName) throws(ParameterFault) -> Bytes? {
        switch self {
        case .json(let object): try object.bytes(name.json)
        case .query(let form): form.bytes(name.query)
        }
    }

    package func text(_ name: ParameterName) throws(ParameterFault) -> String? { try bytes(name)?.text }

    package func integer(_ name: ParameterName) throws(ParameterFault) -> Int? {
        switch self {
        case .json(let object): try object.integer(name.json)
        case .query(let form): try form.integer(name.query)
        }
    }

    /// Bytes that travel in base64.
    package func blob(_ name: ParameterName) throws(ParameterFault) -> Bytes? {
        guard let encoded = try bytes(name) else { return nil }
        do throws(Base64.Mistake) {
            return try Base64.decode(encoded)[...]
        } catch {
            throw ParameterFault("The parameter \(name.json) \(error.description).")
        }
    }

    /// The texts of a list; empty also when it is not there.
    package func texts(_ name: ParameterName) throws(ParameterFault) -> [String] {
        switch self {
        case .json(let object): try object.texts(name.json)
        case .query(let form): form.texts(name.query)
        }
    }

    /// The structures of a list; `nil` = it is not there.
    package func structures(_ name: ParameterName) throws(ParameterFault) -> [Parameters]? {
        switch self {
        case .json(let object): try object.structures(name.json)?.map { .json($0) }
        case .query(let form): form.structures(name.query)?.map { .query($0) }
        }
    }

    /// The members of a map of texts; `nil` = it is not there.
    package func map(_ name: ParameterName) throws(ParameterFault) -> [(key: String, value: String)]? {
        switch self {
        case .json(let object): try object.map(name.json)
        case .query(let form): try form.map(name.query)
        }
    }

    /// The members of a map of structures; empty also when it is not there.
    package func structureMap(_ name: ParameterName) throws(ParameterFault) -> [(key: String, value: Parameters)] {
        switch self {
        case .json(let object): try object.structureMap(name.json).map { ($0.key, .json($0.value)) }
        case .query(let form): try form.structureMap(name.query).map { ($0.key, .query($0.value)) }
        }
    }
}

/// A request whose parameters cannot be read.
package struct ParameterFault: Error, Sendable, Hashable {
    package let message: String

    package init(_ message: String) { self.message = message }
}
