/// Opens versions of objects, for Split. Implemented by the engine and the connectors together.
package protocol ObjectOpener: Sendable {
    /// Opens an object for reading its records, from `position` on; `nil` = from its beginning.
    /// - Throws: `ObjectError`.
    func open(_ object: ObjectVersion, at position: SourcePosition?) async throws -> any ObjectRecords
}

/// An object that is being read, record by record. One call at a time.
package protocol ObjectRecords: Sendable {
    /// The next records, in order: at most so many, and of so many bytes together, but at least one where one is left.
    /// - Throws: `ObjectError` when it cannot be read; what was read before stays true.
    func next(records: Int, bytes: Int) async throws -> SplitBatch

    /// Called once, when nobody reads it any more.
    func close() async
}

/// Why an object cannot be read.
package enum ObjectError: Error, Sendable, Hashable {
    /// This version is not there any more, and will not come back.
    case gone(String)
    /// The disk, or whoever has it, does not answer as it should.
    case unreadable(String)
}

extension ObjectError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .gone(let text), .unreadable(let text): text
        }
    }
}
