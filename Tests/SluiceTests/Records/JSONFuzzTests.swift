import Foundation
import Testing

@testable import Sluice

/// The scanner against Foundation's parser: the same documents are JSON, and mean the same.
@Suite("JSON, against another parser")
struct JSONFuzzTests {
    @Test("generated and damaged documents are accepted and rejected as Foundation does")
    func differential() throws {
        // The same documents each time; another seed, or one that failed, by `SEED=`.
        let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? 5_753_501_411_264_614_683
        var random = SplitMix(state: seed)
        var accepted = 0
        for round in 0..<6_000 {
            var document = DocumentMaker(random: random)
            var bytes = document.make()
            random = document.random
            if round % 3 != 0 { damage(&bytes, using: &random) }
            let ours = Result { try JSONValue(parsing: bytes[...]) }
            let theirs = Result { try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) }
            if Self.isKnownDifference(bytes, ours: ours) { continue }
            switch (ours, theirs) {
            case (.success(let value), .success(let object)):
                accepted += 1
                try #require(Self.same(value, object), "seed \(seed), round \(round): \(bytes[...].text)")
            case (.failure, .failure): break
            case (.success, .failure(let error)):
                Issue.record(
                    "seed \(seed), round \(round): only we accept \(bytes[...].text.debugDescription): \(error)")
                return
            case (.failure(let mistake), .success):
                Issue.record(
                    "seed \(seed), round \(round): only we reject \(bytes[...].text.debugDescription): \(mistake)")
                return
            }
        }
        #expect(accepted > 1_000, "the documents must not all be broken")
    }

    @Test("no bytes at all make the scanner fail")
    func noise() {
        var random = SplitMix(state: 7)
        for length in 0..<3_000 {
            let bytes = (0..<(length % 60)).map { _ in DocumentMaker.telling.randomElement(using: &random) ?? 0 }
            do { _ = try JSONValue(parsing: bytes[...]) } catch { #expect((0...bytes.count).contains(error.offset)) }
        }
    }

    /// Where Foundation is not RFC 8259: it takes UTF-16 and UTF-32 by their zero bytes, a byte order mark, a comma
    /// behind the last member, and refuses numbers that no double holds.
    private static func isKnownDifference(_ bytes: [UInt8], ours: Result<JSONValue, any Error>) -> Bool {
        if bytes.prefix(4).contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return true }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        return bytes[...].text.firstMatch(of: /[0-9]{15,}|[eE][+-]?[0-9]{3,}|,\s*[}\]]/) != nil
    }

    /// Names and texts, numbers by their double.
    private static func same(_ value: JSONValue, _ object: Any) -> Bool {
        switch value.kind {
        case .object:
            guard let dictionary = object as? [String: Any] else { return false }
            var byName: [String: JSONValue] = [:]
            for member in value.members { byName[member.name] = member.value }
            return byName.count == dictionary.count
                && byName.allSatisfy { name, value in dictionary[name].map { same(value, $0) } ?? false }
        case .array:
            guard let array = object as? [Any] else { return false }
            let elements = Array(value.elements)
            return elements.count == array.count && zip(elements, array).allSatisfy { same($0, $1) }
        case .string: return value.string == object as? String
        case .number: return Double(value.scalarText ?? "") == (object as? NSNumber)?.doubleValue
        case .true: return (object as? NSNumber)?.boolValue == true
        case .false: return (object as? NSNumber)?.boolValue == false
        case .null: return object is NSNull
        }
    }

    private func damage(_ bytes: inout [UInt8], using random: inout SplitMix) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !bytes.isEmpty else { return }
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.remove(at: index)
            case 1: bytes[index] = DocumentMaker.telling.randomElement(using: &random) ?? 0
            case 2: bytes.insert(DocumentMaker.telling.randomElement(using: &random) ?? 0, at: index)
            case 3: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            default: bytes.removeSubrange(index...)
            }
        }
    }
}

/// Makes JSON documents at random.
private struct DocumentMaker {
    /// Bytes that mean something in JSON or in UTF-8.
    static let telling: [UInt8] =
        Array("{}[]\",:\\/ \n\t0123456789-+.eEtruefalsnxuDdCc8".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xFF]

    var random: SplitMix
    private var bytes: [UInt8] = []

    init(random: SplitMix) { self.random = random }

    mutating func make() -> [UInt8] {
        value(depth: 0)
        return bytes
    }

    private mutating func value(depth: Int) {
        space()
        switch Int.random(in: 0..<(depth < 5 ? 10 : 7), using: &random) {
        case 0: bytes += Array("true".utf8)
        case 1: bytes += Array("false".utf8)
        case 2: bytes += Array("null".utf8)
        case 3, 4: number()
        case 5, 6: string()
        case 7: list("[", "]", depth) { maker in maker.value(depth: depth + 1) }
        default:
            list("{", "}", depth) { maker in
                maker.space()
                maker.string()
                maker.space()
                maker.bytes.append(UInt8(ascii: ":"))
                maker.value(depth: depth + 1)
            }
        }
        space()
    }

    private mutating func list(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ depth: Int, _ item: (inout DocumentMaker) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        space()
        for index in 0..<Int.random(in: 0..<5, using: &random) {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            item(&self)
        }
        bytes.append(UInt8(ascii: close))
    }

    private mutating func number() {
        let texts = ["0", "-0", "7", "-12", "3.25", "0.1", "1e5", "1.5E-7", "-2.5e+10", "99999999999999"]
        bytes += Array((texts.randomElement(using: &random) ?? "0").utf8)
    }

    private mutating func string() {
        let pieces = [
            "a", "order", "ü", "€", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\uD83D\\uDE00", " ", "12345678",
        ]
        bytes.append(UInt8(ascii: "\""))
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            bytes += Array((pieces.randomElement(using: &random) ?? "").utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func space() {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        bytes.append([0x20, 0x0A, 0x0D, 0x09].randomElement(using: &random) ?? 0x20)
    }
}

/// A generator whose sequence follows from its seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
