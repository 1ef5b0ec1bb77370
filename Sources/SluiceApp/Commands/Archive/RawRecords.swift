import Sluice
import SluiceConnectors

/// A raw record, from the raw copy of a message or out of an object.
struct ArchivedRecord: Sendable {
    var identity: RecordIdentity
    var name: String?
    var received: Timestamp
    var body: Bytes
    /// When its raw copy is deleted; `nil` = the object that it stands in is in its bucket.
    var expires: Timestamp?
    /// Of the object it stands in.
    var line: Int64?

    /// As people know it.
    var label: String { name ?? identity.text }
}

/// Reads the raw records of a pipeline that arrived in some time, wherever they are kept.
struct RawRecords {
    let pipeline: Pipeline
    let control: any Control
    let context: CommandContext

    /// Records that are handed on at once.
    private static let part = 2_000

    /// - Parameter waiting: also those that are still in their queue.
    func read(
        _ selection: RawCopySelection, waiting: Bool = false, _ body: ([ArchivedRecord]) async throws -> Void
    ) async throws {
        if pipeline.source.kind == .bucket {
            try await readObjects(selection, body)
        } else {
            try await readMessages(selection, waiting: waiting, body)
        }
    }

    private func readMessages(
        _ selection: RawCopySelection, waiting: Bool, _ body: ([ArchivedRecord]) async throws -> Void
    ) async throws {
        var selection = selection
        repeat {
            try Task.checkCancellation()
            let page = try await control.rawCopies(selection)
            let records = page.copies.filter { waiting || !$0.isWaiting }.map {
                ArchivedRecord(
                    identity: $0.identity, name: $0.name, received: $0.received, body: $0.body[...],
                    expires: $0.expires)
            }
            if !records.isEmpty { try await body(records) }
            selection.after = page.next
        } while selection.after != nil
    }

    private func readObjects(
        _ selection: RawCopySelection, _ body: ([ArchivedRecord]) async throws -> Void
    ) async throws {
        let folder = try await control.hello().folder
        var page = ArchivedObjectSelection(pipeline: pipeline.name, from: selection.from, to: selection.to)
        if let identity = selection.identity, case .object(let object, _) = identity.origin { page.version = object }
        while true {
            let objects = try await control.archivedObjects(page)
            guard let last = objects.last else { return }
            for object in objects where selection.conditions.hold(forObject: object.object.object) {
                try await read(object, folder, selection, body)
            }
            page.after = last.number
        }
    }

    private func read(
        _ object: ArchivedObject, _ folder: String, _ selection: RawCopySelection,
        _ body: ([ArchivedRecord]) async throws -> Void
    ) async throws {
        let path = context.application.assembly.path(ofBlob: object.blob, folder: folder)
        let reading = ObjectReading(path: path, key: object.object.object.key, pipeline, from: nil)
        let intake = IntakeReader(pipeline)
        do {
            while true {
                try Task.checkCancellation()
                let batch = try await reading.next(records: Self.part, bytes: 4 << 20)
                let records = batch.records.compactMap { record -> ArchivedRecord? in
                    let identity = RecordIdentity(object.object.object, record.number)
                    if let wanted = selection.identity, wanted.raw != identity { return nil }
                    if let text = selection.text, !record.body.text.contains(text) { return nil }
                    guard selection.conditions.hold(for: record.body) else { return nil }
                    let name = intake.read(record.body).name
                    if let wanted = selection.name, wanted != name { return nil }
                    return ArchivedRecord(
                        identity: identity, name: name, received: object.object.modified, body: record.body,
                        expires: object.expires, line: record.line)
                }
                if !records.isEmpty { try await body(records) }
                if batch.isAtEnd { break }
            }
        } catch {
            await reading.close()
            throw error
        }
        await reading.close()
    }
}
