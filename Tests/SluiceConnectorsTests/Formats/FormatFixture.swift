import Sluice
import SluiceTesting

@testable import SluiceConnectors

/// Bytes in memory, given out in pieces of random sizes.
final class PiecewiseSource: ByteSource {
    private let bytes: [UInt8]
    private var place: Int
    private var random: any RandomNumberGenerator
    private let most: Int

    init(_ bytes: [UInt8], from offset: Int64 = 0, most: Int = .max, random: any RandomNumberGenerator) {
        self.bytes = bytes
        place = min(Int(offset), bytes.count)
        self.most = most
        self.random = random
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let left = min(buffer.count, bytes.count - place, most)
        guard left > 0 else { return 0 }
        let count = most == .max ? left : Int.random(in: 1...left, using: &random)
        buffer.copyBytes(from: bytes[place..<place + count])
        place += count
        return count
    }
}

/// What an object was split into.
struct SplitResult: Equatable {
    var records: [SplitRecord] = []
    var broken: [BrokenRecord] = []

    var texts: [String] { records.map(\.body.text) }
    var types: [String] { broken.map(\.type) }

    /// For failures that a person reads.
    var summary: [String] {
        records.map { "\($0.number) at \($0.offset), line \($0.line): \($0.body.text)" }
            + broken.map {
                "\($0.number) at \($0.offset), line \($0.line): \($0.type), \($0.reason) (\($0.bytes.text))"
            }
    }
}

extension SplitResult {
    /// Reads an object to its end.
    /// - Parameters:
    ///   - pieces: the most bytes that come at once.
    ///   - records: of one part; after each the object is opened anew at its position.
    init(
        _ bytes: [UInt8], key: String = "object", _ source: Source = .bucket("drop"), maxRecord: Int = 1 << 20,
        pieces: Int = .max, records: Int = .max, seed: UInt64 = 1
    ) throws {
        var position: SourcePosition?
        var random = SeededGenerator(seed: seed)
        while true {
            let reader = try ObjectRecordReader(
                { PiecewiseSource(bytes, from: $0, most: pieces, random: SeededGenerator(seed: random.next())) },
                key: key, source, maxRecord: maxRecord, from: position)
            let most = records == .max ? Int.max : Int.random(in: 1...records, using: &random)
            let batch = try reader.next(records: most, bytes: .max)
            self.records += batch.records
            broken += batch.broken
            position = batch.position
            if batch.isAtEnd { return }
        }
    }

    init(
        _ text: String, key: String = "object", _ source: Source = .bucket("drop"), maxRecord: Int = 1 << 20,
        pieces: Int = .max, records: Int = .max, seed: UInt64 = 1
    ) throws {
        try self.init(
            Array(text.utf8), key: key, source, maxRecord: maxRecord, pieces: pieces, records: records, seed: seed)
    }
}
