/// Walks through what several runs of a program made of one record, side by side, and puts the numbers back that they
/// passed on untouched.
struct OutputMerge {
    /// The runs differ, and not only where each has its own stand-in for the same number.
    struct Differ: Error {}

    /// One output of one run.
    struct Side {
        let bytes: [UInt8]
        let standIns: StandIns
        fileprivate var position = 0

        init(_ bytes: [UInt8], _ standIns: StandIns) {
            self.bytes = bytes
            self.standIns = standIns
        }

        fileprivate var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

        fileprivate mutating func token() -> ArraySlice<UInt8> { JQToken.next(bytes, &position) }

        /// A text in which every stand-in is the spelling of its number.
        fileprivate func restored(_ token: ArraySlice<UInt8>, _ numbers: [AwkwardNumber]) -> [UInt8] {
            var result: [UInt8] = []
            var rest = token
            while let first = rest.first {
                if let (length, number) = standIn(rest) {
                    result += numbers[number].spelling
                    rest = rest.dropFirst(length)
                } else {
                    result.append(first)
                    rest = rest.dropFirst()
                }
            }
            return result
        }

        /// The stand-in whose text comes first in `rest`.
        private func standIn(_ rest: ArraySlice<UInt8>) -> (length: Int, number: Int)? {
            guard rest.first?.startsNumber == true else { return nil }
            for length in standIns.lengths {
                if let number = standIns.numbers[Array(rest.prefix(length))] { return (length, number) }
            }
            return nil
        }
    }

    private var sides: [Side]
    /// The run that tells where exact numbers keep their spelling.
    private var spelling: Side?
    private let numbers: [AwkwardNumber]
    /// Exact numbers as jq writes them.
    private let exact: [Int: [UInt8]]

    /// - Parameter exact: of the record, from `shown(_:)`; made once, for a record may have many outputs.
    init(_ sides: [Side], spelling: Side?, _ numbers: [AwkwardNumber], exact: [Int: [UInt8]]) {
        self.sides = sides
        self.spelling = spelling
        self.numbers = numbers
        self.exact = exact
    }

    /// Exact numbers as jq writes them, by their place.
    static func shown(_ numbers: [AwkwardNumber]) -> [Int: [UInt8]] {
        let places = numbers.indices.filter { numbers[$0].isExact }
        return Dictionary(uniqueKeysWithValues: places.map { ($0, JQProgram.text(ofNumber: numbers[$0].spelling)) })
    }

    /// The output, its untouched numbers spelled as in the record.
    mutating func output() throws(Differ) -> [UInt8] {
        var result: [UInt8] = []
        while let byte = sides[0].byte {
            guard sides.allSatisfy({ $0.byte?.kind == byte.kind }) else { throw Differ() }
            let tokens = sides.indices.map { sides[$0].token() }
            let other = try spellingToken(byte)
            let isSame = tokens.allSatisfy { $0 == tokens[0] }
            if byte.startsNumber {
                result += isSame ? spelled(tokens[0], other) : try number(tokens)
            } else if isSame {
                result += tokens[0]
            } else {
                result += try text(tokens)
            }
        }
        guard sides.allSatisfy({ $0.byte == nil }) else { throw Differ() }
        return result
    }

    /// What the spelling run has at this place; if it has something else there, it tells nothing.
    private mutating func spellingToken(_ byte: UInt8) throws(Differ) -> ArraySlice<UInt8>? {
        guard spelling != nil else { return nil }
        guard spelling?.byte?.kind == byte.kind else { throw Differ() }
        return spelling?.token()
    }

    /// A number that all runs agree on: an exact one that came out untouched keeps its spelling.
    private func spelled(_ token: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>?) -> [UInt8] {
        guard let other, let number = spelling?.standIns.numbers[Array(other)], exact[number] == Array(token) else {
            return Array(token)
        }
        return numbers[number].spelling
    }

    private func number(_ tokens: [ArraySlice<UInt8>]) throws(Differ) -> [UInt8] {
        let found = zip(sides, tokens).map { side, token in side.standIns.numbers[Array(token)] }
        guard let first = found[0], found.allSatisfy({ $0 == first }) else { throw Differ() }
        return numbers[first].spelling
    }

    /// A text that the program made of a number: `tostring`, `"\(.id)"`.
    private func text(_ tokens: [ArraySlice<UInt8>]) throws(Differ) -> [UInt8] {
        let restored = zip(sides, tokens).map { side, token in side.restored(token, numbers) }
        guard restored.allSatisfy({ $0 == restored[0] }) else { throw Differ() }
        return restored[0]
    }
}
