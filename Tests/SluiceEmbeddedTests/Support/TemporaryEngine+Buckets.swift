import Foundation
import Sluice
import SluiceTesting

@testable import SluiceEmbedded

extension TemporaryEngine {
    /// An object's bytes, in the folder and in no bucket yet.
    func upload(_ text: String, to bucket: String, _ key: String) throws -> ObjectUpload {
        let writer = try UploadWriter(folder: path)
        try writer.append(Bytes(text))
        return try writer.finish(bucket: bucket, key: key)
    }

    @discardableResult
    func put(_ text: String, to bucket: String, _ key: String) async throws -> StoredObject {
        let stored = try await control.put([try upload(text, to: bucket, key)])
        return stored[0]
    }

    /// The keys that wait in the queue of a pipeline's objects, each received and left there.
    func announced(_ pipeline: Pipeline) async throws -> [String] {
        let queue = queue(named: pipeline.objectsQueue ?? "")
        let messages = try await queue.receiveNow(1_000)
        _ = try await queue.extend(messages.receipts, to: .zero)
        return try messages.map { try ObjectNotification(parsing: $0.body).object.key }
    }

    func blobs() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path + "/objects").filter {
            $0.split(separator: "/").last?.utf8.count == 64
        }.sorted()
    }
}

extension Pipeline {
    /// As `sample`, of a bucket `drop`.
    static func bucketSample(
        _ name: String = "orders", _ type: QueueType = .standard, group: RecordPath? = nil, prefix: String = "",
        suffix: String = "", backfill: Bool = false, keep: Duration? = .days(1)
    ) -> Pipeline {
        Pipeline(
            name: name, source: .bucket("drop", prefix: prefix, suffix: suffix, backfill: backfill),
            archive: keep.map { Archive(keep: $0) }, queue: QueuePlan(type: type, group: group),
            deliver: Deliver(to: .sqlite("shop.db"), table: name))
    }
}
