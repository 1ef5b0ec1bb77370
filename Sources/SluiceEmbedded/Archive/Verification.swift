import Crypto
import Foundation
import Sluice

/// Reading raw copies once more, and comparing them with the checksums they were stored with.
extension EmbeddedArchive {
    /// Chunks, or objects and their bytes, of one page.
    private static let mostOfPage = (chunks: 64, objects: 100, bytes: 256 << 20)

    func verify(pipeline: String, after: Int64) async throws -> ArchiveVerification {
        let kind = try await store.writer.submit { try $0.archiveSource(of: pipeline).kind }
        switch kind {
        case .messages:
            return try await store.writer.submit { state in
                try state.verifyMessages(of: pipeline, after: after, limit: Self.mostOfPage.chunks)
            }
        case .objects:
            let (read, problems) = await verify(try await objects(of: pipeline, after: after))
            if problems.isEmpty { return read }
            // What has expired while it was read has no bytes, and no row.
            let there = Set(try await objects(of: pipeline, after: after).map(\.number))
            var page = read
            page.problems = problems.filter { there.contains($0.object) }.map(\.text)
            return page
        }
    }

    private func objects(of pipeline: String, after: Int64) async throws -> [ArchivedObject] {
        try await store.writer.submit {
            try $0.archivedObjects(
                ArchivedObjectSelection(pipeline: pipeline, after: after), limit: Self.mostOfPage.objects)
        }
    }

    private func verify(
        _ objects: [ArchivedObject]
    ) async -> (page: ArchiveVerification, problems: [(object: Int64, text: String)]) {
        let blobs = store.blobs
        return await withCheckedContinuation { continuation in
            // It reads as fast as the disk does.
            DispatchQueue.global().async {
                var page = ArchiveVerification()
                var problems: [(object: Int64, text: String)] = []
                for object in objects {
                    page.count += 1
                    page.bytes += object.object.size
                    page.next = object.number
                    if let problem = blobs.problem(of: object) { problems.append((object.number, problem)) }
                    if page.bytes >= Self.mostOfPage.bytes { break }
                }
                continuation.resume(returning: (page, problems))
            }
        }
    }
}

extension StoreState {
    func verifyMessages(of pipeline: String, after: Int64, limit: Int) throws -> ArchiveVerification {
        let source = try archiveSource(of: pipeline)
        var page = ArchiveVerification()
        for row in try database.rawCopies(ofQueue: source.queue.id, after: after, limit: limit) {
            page.count += row.messages
            page.bytes += row.bytes
            page.next = row.chunk
            do {
                // Not what memory has of it. Every header is read to find where the bodies are.
                let content = try database.content(of: row.chunk)
                if content.count != row.messages {
                    page.problems.append(
                        "chunk \(row.chunk): \(row.messages) messages were stored, and \(content.count) are there")
                }
            } catch {
                page.problems.append("\(error)")
            }
        }
        return page
    }
}

extension BlobFolder {
    /// What is wrong with the bytes of an object; `nil` = nothing.
    fileprivate func problem(of object: ArchivedObject) -> String? {
        let name = object.object.object.description
        let path = path(of: object.blob)
        do {
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { file.closeFile() }
            var hash = SHA256()
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
            let found = hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            if found == object.blob { return nil }
            return "the bytes of the object '\(name)' are not those that were put ('\(path)')"
        } catch {
            return "the bytes of the object '\(name)' cannot be read: \(error.localizedDescription)"
        }
    }
}
