import Foundation
import Sluice

/// `lost.jsonl`: what a repair leaves out, and what can be read of it, a line each.
final class LostFile {
    /// A message, or anything else that is left out. What is not known is not there.
    struct Line: Encodable {
        var problem: String
        var queue: String?
        var chunk: Int64?
        /// In the chunk.
        var message: Int?
        var id: String?
        var group: String?
        /// The message was done with, and kept as a raw copy.
        var rawCopy: Bool?
        var body: String?
        /// A body that is no text, or the bodies of a whole chunk whose lengths are not known.
        var bodyBase64: String?
        var bucket: String?
        var key: String?
        var file: String?

        init(_ problem: String, queue: String? = nil, chunk: Int64? = nil) {
            self.problem = problem
            self.queue = queue
            self.chunk = chunk
        }

        mutating func set(body bytes: Bytes) {
            if let text = String(validating: bytes, as: UTF8.self) {
                body = text
            } else {
                bodyBase64 = Data(bytes).base64EncodedString()
            }
        }
    }

    private let file: FileHandle
    private let encoder: JSONEncoder
    /// The problems, without those of single messages.
    private(set) var problems: [String] = []

    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw ControlError.failed("cannot write '\(path)': \(BlobFolder.lastError)")
        }
        file = try FileHandle(forWritingTo: URL(filePath: path))
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
    }

    deinit { file.closeFile() }

    func write(_ line: Line) throws {
        try file.write(contentsOf: try encoder.encode(line) + [UInt8(ascii: "\n")])
    }

    /// Something that is left out, and is not a message.
    func say(_ line: Line) throws {
        problems.append(line.problem)
        try write(line)
    }

    func finish() throws { try file.synchronize() }
}
