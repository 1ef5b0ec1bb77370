import Foundation
import Sluice

/// Looks at SQLite's write-ahead log before SQLite does.
///
/// SQLite takes the first frame that is not as it was written for the end of the log: right after a crash, when that was
/// being written, and wrong when a disk has changed it since, for every transaction behind it is then gone without a
/// word. A transaction begins only when the one before is synced: whole transactions behind such a frame say that it was
/// damaged. What cannot be told apart is damage in the last transaction, or in the mark of the end of the one before, and
/// a crash in the middle of it.
///
/// The format is SQLite's ("WAL-mode File Format"): a header of 32 bytes; frames, each of 24 bytes and a page.
enum WriteAheadLog {
    /// - Parameter path: of the database.
    /// - Throws: `StoreDamage` with the frame, when transactions stand behind one that is damaged.
    static func check(ofStore path: String) throws {
        let log = path + "-wal"
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw ControlError.forbidden("cannot open '\(log)': \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard let head = try file.read(upToCount: Header.length), head.count == Header.length else { return }
        // A log that was begun and never synced has a file of zeros.
        guard head.contains(where: { $0 != 0 }) else { return }
        guard let header = Header(Array(head)) else {
            throw StoreDamage("the header of '\(log)' is not as it was written: what is in the log cannot be read")
        }
        var reader = FrameReader(header: header)
        while let bytes = try file.read(upToCount: header.frameLength), bytes.count == header.frameLength {
            reader.read(Array(bytes))
        }
        guard let broken = reader.firstBroken, reader.commitsBehind > 1 else { return }
        throw StoreDamage(
            "frame \(broken) of '\(log)' is not as it was written, and \(reader.commitsBehind) transactions stand behind it"
        )
    }

    private struct Header {
        static let length = 32
        let pageSize: Int
        let salt: ArraySlice<UInt8>
        let sum: Sum
        var frameLength: Int { 24 + pageSize }

        /// `nil` = it is not as it was written.
        init?(_ bytes: [UInt8]) {
            let magic = Self.word(bytes, at: 0)
            guard magic & ~1 == 0x377F_0682 else { return nil }
            var sum = Sum(isBigEndian: magic & 1 == 1)
            sum.add(bytes[0..<24])
            guard sum.first == Self.word(bytes, at: 24), sum.second == Self.word(bytes, at: 28) else { return nil }
            self.sum = sum
            pageSize = Int(Self.word(bytes, at: 8))
            salt = bytes[16..<24]
        }

        static func word(_ bytes: [UInt8], at place: Int) -> UInt32 {
            bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    private struct FrameReader {
        let header: Header
        private var sum: Sum
        private var count = 0
        private(set) var firstBroken: Int?
        /// Ends of transactions from the first broken frame on.
        private(set) var commitsBehind = 0

        init(header: Header) {
            self.header = header
            sum = header.sum
        }

        mutating func read(_ frame: [UInt8]) {
            count += 1
            let isOfThisLog = frame[8..<16].elementsEqual(header.salt)
            if firstBroken == nil {
                sum.add(frame[0..<8])
                sum.add(frame[24...])
                let isWhole =
                    isOfThisLog && sum.first == Header.word(frame, at: 16) && sum.second == Header.word(frame, at: 20)
                if isWhole { return }
                firstBroken = count
            }
            // What an earlier log has left behind has another salt. A frame that ends a transaction says how many pages
            // the database has then.
            if isOfThisLog, Header.word(frame, at: 4) != 0 { commitsBehind += 1 }
        }
    }

    /// SQLite's running checksum over pairs of words.
    private struct Sum {
        let isBigEndian: Bool
        private(set) var first: UInt32 = 0
        private(set) var second: UInt32 = 0

        init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { bytes in
                for place in stride(from: 0, to: bytes.count - 7, by: 8) {
                    first = first &+ word(bytes, at: place) &+ second
                    second = second &+ word(bytes, at: place + 4) &+ first
                }
            }
        }

        private func word(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt32 {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
        }
    }
}
