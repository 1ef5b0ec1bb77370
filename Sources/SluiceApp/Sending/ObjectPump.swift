import Sluice

/// Puts files into a bucket, in order: several of them in one transaction, where they are small.
struct ObjectPump: Sendable {
    struct Source: Sendable {
        /// `nil` = standard input.
        var path: String?
        var key: String
    }

    let bucket: String
    /// The data folder.
    let folder: String
    let assembly: any EngineAssembly
    let control: any Control

    /// Objects of one transaction, and bytes of them.
    private static let most = 100
    private static let mostBytes = 16 << 20

    /// - Parameter done: is told of what is in the bucket, in order.
    func run(_ sources: [Source], _ done: @Sendable ([StoredObject]) -> Void) async throws {
        var uploads: [ObjectUpload] = []
        for source in sources {
            try Task.checkCancellation()
            uploads.append(try await upload(source))
            if uploads.count < Self.most, uploads.reduce(0, { $0 + $1.size }) < Self.mostBytes { continue }
            done(try await control.put(uploads))
            uploads = []
        }
        if !uploads.isEmpty { done(try await control.put(uploads)) }
    }

    private func upload(_ source: Source) async throws -> ObjectUpload {
        let input = try InputReader(path: source.path)
        return try await assembly.upload(folder: folder, bucket: bucket, key: source.key) {
            let piece = try await input.next()
            // An input that was cut short by us is no whole object.
            try Task.checkCancellation()
            return piece
        }
    }
}
