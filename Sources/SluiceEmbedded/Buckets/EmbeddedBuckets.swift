import Dispatch
import Foundation
import Sluice

/// Puts uploads into buckets: first their bytes into place, then all of them in one transaction.
struct EmbeddedBuckets: Sendable {
    let store: Store

    func put(_ uploads: [ObjectUpload]) async throws -> [StoredObject] {
        for upload in uploads {
            if let problem = BucketNames.problem(of: upload.bucket) {
                throw ControlError.refused("the bucket's name '\(upload.bucket)' \(problem)")
            }
            if let problem = BucketNames.problem(ofKey: upload.key) {
                throw ControlError.refused("the object's key '\(upload.key.prefix(100))' \(problem)")
            }
        }
        let adopted = try await adopt(uploads)
        do {
            let stored = try await commit(uploads)
            for (blob, second) in adopted { store.blobs.release(blob, second, isOrphan: false) }
            return stored
        } catch {
            await takeBack(adopted)
            throw error
        }
    }

    private typealias Adopted = (blob: String, second: String)

    /// Puts the bytes of all of them in their places, or of none.
    private func adopt(_ uploads: [ObjectUpload]) async throws -> [Adopted] {
        let store = store
        let (adopted, problem) = await withCheckedContinuation { continuation in
            // It syncs folders: that takes as long as the disk does.
            DispatchQueue.global().async {
                var adopted: [Adopted] = []
                do {
                    for upload in uploads {
                        adopted.append((upload.blob, try store.blobs.adopt(upload.file, as: upload.blob)))
                    }
                    continuation.resume(returning: (adopted, (any Error)?.none))
                } catch {
                    continuation.resume(returning: (adopted, error))
                }
            }
        }
        guard let problem else { return adopted }
        await takeBack(adopted)
        throw problem
    }

    private func commit(_ uploads: [ObjectUpload]) async throws -> [StoredObject] {
        while true {
            do {
                return try await store.writer.submit(grows: true) { try $0.put(uploads) }
            } catch QueueError.full(let queue, _), QueueError.archiveFull(let queue, _) {
                try await EmbeddedQueue(name: queue, store: store).waitForRoom()
            }
        }
    }

    /// A blob that was there before stays.
    private func takeBack(_ adopted: [Adopted]) async {
        let blobs = Set(adopted.map(\.blob))
        let used: Set<String>
        do {
            used = try await store.writer.submit { try $0.used(blobs) }
        } catch {
            // The store is closed: the next start finds them by their second names.
            return
        }
        for (blob, second) in adopted { store.blobs.release(blob, second, isOrphan: !used.contains(blob)) }
    }
}
