import Sluice

/// Finds raw copies by what people call them.
struct RawCopyFinder {
    let control: any Control
    let pipeline: String

    /// Messages of this identity; else those that have it for a name (`id:`).
    func messages(called text: String) async throws -> [RawCopy] {
        let found = try await all(RawCopySelection(pipeline: pipeline, identity: RecordIdentity(text)))
        guard found.isEmpty else { return found }
        return try await all(RawCopySelection(pipeline: pipeline, name: text))
    }

    func all(_ selection: RawCopySelection) async throws -> [RawCopy] {
        var selection = selection
        var copies: [RawCopy] = []
        repeat {
            let page = try await control.rawCopies(selection)
            copies += page.copies
            selection.after = page.next
        } while selection.after != nil
        return copies
    }

    /// The object of this version, or the one that a record of this identity was split from.
    func objects(named text: String) async throws -> [ArchivedObject] {
        var version = text
        if case .object(let object, _) = RecordIdentity(text).origin { version = object }
        return try await control.archivedObjects(ArchivedObjectSelection(pipeline: pipeline, version: version))
    }
}
