import Foundation
import Sluice
import Testing

@testable import SluiceConnectors

/// A stream that goes no further: what came before it is there, however little it is.
@Suite("Records of an object that is damaged")
struct FormatFaultTests {
    enum Damage: String, CaseIterable { case cutOff, checksum, behind }

    @Test(
        "the records before the damage are there, and the rest is said once", arguments: Damage.allCases,
        ["1\n2\n", "7\n"])
    func small(damage: Damage, text: String) throws {
        var bytes = try FormatTests.compress(text, "gzip -c")
        switch damage {
        case .cutOff: bytes.removeLast(3)
        case .checksum: bytes[bytes.count - 6] ^= 0xFF
        case .behind: bytes += [0x41, 0x42]
        }
        for pieces in [1, Int.max] {
            let result = try SplitResult(bytes, key: "a.jsonl.gz", pieces: pieces)
            #expect(result.texts == text.split(separator: "\n").map(String.init))
            #expect(result.types == [damage == .cutOff ? "truncated" : "compression"])
        }
        let interrupted = try SplitResult(bytes, key: "a.jsonl.gz", records: 1)
        #expect(interrupted.texts == text.split(separator: "\n").map(String.init))
        #expect(interrupted.types.count == 1)
    }

    @Test("the same of zstd that is cut off")
    func smallZstd() throws {
        let bytes = try FormatTests.compress("1\n2\n", "zstd -q -c --check")
        let result = try SplitResult(Array(bytes.dropLast(2)), key: "a.jsonl.zst")
        #expect(result.texts == ["1", "2"])
        #expect(result.types == ["truncated"])
    }

    @Test(
        "a text in another encoding loses nothing of what came before either",
        arguments: [CSVOptions.Encoding.latin1, .utf16])
    func encoded(encoding: CSVOptions.Encoding) throws {
        let text = "a,b\n" + (0..<30_000).map { "\($0),\($0 * 7_919 % 10_007)\n" }.joined()
        let plain = encoding == .latin1 ? Array(text.utf8) : text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let whole = try FormatTests.compress(String(decoding: plain, as: UTF8.self), "gzip -c")
        // Everything but the checksum is there.
        let result = try SplitResult(
            Array(whole.dropLast(3)), key: "a.csv.gz", .bucket("drop", csv: CSVOptions(encoding: encoding)))
        #expect(result.records.count == 30_000)
        #expect(result.types == ["truncated"])
    }

    @Test("zstd that needs more memory than is given to it is not called damaged")
    func wideWindow() throws {
        let bytes = try FormatTests.compress("1\n", "zstd -q -c --long=28")
        let result = try SplitResult(bytes, key: "a.jsonl.zst")
        #expect(result.types == ["compression"])
        #expect(result.broken.first?.reason.contains("128 MB") == true)
        #expect(result.broken.first?.reason.contains("damaged") == false)
    }

    @Test("skippable frames of zstd are skipped, also before the first")
    func skippable() throws {
        let frame: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let bytes = try FormatTests.compress("1\n", "zstd -q -c")
        for pieces in [1, Int.max] {
            #expect(try SplitResult(frame + bytes + frame + bytes, key: "a.jsonl", pieces: pieces).texts == ["1", "1"])
        }
    }
}
