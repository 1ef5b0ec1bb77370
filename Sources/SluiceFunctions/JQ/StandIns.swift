/// What is written into a record in place of its awkward numbers for one run of the program, and what jq then shows.
struct StandIns {
    /// In place of each number, in the order of the record.
    let written: [[UInt8]]
    /// As jq writes them: the number that each stands for, by its place in that order.
    let numbers: [[UInt8]: Int]
    /// Of the inexact ones: how the number is written in the record, by what jq writes.
    private let spellings: [[UInt8]: [UInt8]]
    /// Of the inexact ones: what is written, by the value of the number.
    private let values: [DecimalNumber: [UInt8]]

    static let nothing = StandIns([], for: [], of: [])

    private init(_ written: [[UInt8]], for places: some Sequence<Int>, of all: [AwkwardNumber]) {
        self.written = written
        let shown = places.map { (JQProgram.text(ofNumber: written[$0]), $0) }
        // Of two that are equal the first counts.
        numbers = Dictionary(shown, uniquingKeysWith: min)
        let inexact = all.indices.filter { !all[$0].isExact }
        values = Dictionary(inexact.map { (all[$0].decimal, written[$0]) }, uniquingKeysWith: { first, _ in first })
        spellings = Dictionary(
            inexact.map { (JQProgram.text(ofNumber: written[$0]), all[$0].spelling) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The record with the stand-ins.
    func apply(to record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(record.count + 16 * numbers.count)
        var end = 0
        for (number, text) in zip(numbers, written) {
            guard let range = number.range else { continue }
            bytes.append(contentsOf: record[end..<range.lowerBound])
            bytes.append(contentsOf: text)
            end = range.upperBound
        }
        bytes.append(contentsOf: record[end...])
        return bytes
    }

    /// JSON that jq wrote, with the digits of the record where inexact numbers are stood in for.
    func restored(_ json: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard !spellings.isEmpty else { return Array(json) }
        var result: [UInt8] = []
        result.reserveCapacity(json.count)
        var tokens = JSONTokens(Array(json))
        while let kind = tokens.kind {
            let token = tokens.next()
            result += (kind == JSONTokens.number ? spellings[Array(token)]?[...] : nil) ?? token
        }
        return result
    }

    /// What stands for an inexact number; `nil` = it is none of the record's.
    func standIn(for value: DecimalNumber) -> [UInt8]? { values[value] }
}

// MARK: Numbers that a double cannot carry

extension StandIns {
    /// The runs that tell whether a program passes inexact numbers on untouched. In each, equal numbers have equal
    /// stand-ins, and the order among them is theirs. What all runs agree on cannot depend on the exact value:
    ///
    /// - the doubles below and above each number, which have its first digits: whatever compares it with a double decides
    ///   alike for both only if it decides so for the number itself;
    /// - small odd numbers, or other fractions: adding 1 changes them, as it need not change a large double, and their
    ///   remainders are others than those of doubles beyond 2^53, which are even;
    /// - numbers of fifteen digits with its last ones, for what takes a remainder by a power of ten.
    static func forInexact(_ numbers: [AwkwardNumber]) -> [StandIns] {
        let classes = Set(numbers.filter { !$0.isExact }.map(\.decimal)).sorted()
        let doubles = Dictionary(numbers.map { ($0.decimal, $0.double) }, uniquingKeysWith: { first, _ in first })
        let values = classes.map { doubles[$0] ?? 0 }
        let all = Array(zip(classes, values))
        return [below(values), above(values), signed(all, odd), signed(all, withLastDigits)].map { run in
            let chosen = Dictionary(uniqueKeysWithValues: zip(classes, run))
            let written = numbers.map { number in
                number.isExact ? number.spelling : Array("\(chosen[number.decimal] ?? number.double)".utf8)
            }
            return StandIns(written, for: numbers.indices.filter { !numbers[$0].isExact }, of: numbers)
        }
    }

    /// - Parameter values: the doubles nearest to each number, in order.
    /// - Returns: lower ones that differ, in the same order.
    private static func below(_ values: [Double]) -> [Double] {
        var result = values
        var next = Double.infinity
        for place in values.indices.reversed() {
            next = min(values[place].nextDown, next.nextDown)
            result[place] = next
        }
        // Beyond the last double there is none.
        var least = -Double.greatestFiniteMagnitude
        for place in values.indices where result[place] < least {
            result[place] = least
            least = least.nextUp
        }
        return result
    }

    private static func above(_ values: [Double]) -> [Double] {
        below(values.reversed().map { -$0 }).reversed().map { -$0 }
    }

    /// Stand-ins with the signs of their numbers, from magnitudes that grow.
    private static func signed(
        _ numbers: [(DecimalNumber, Double)], _ magnitudes: ([(DecimalNumber, Double)]) -> [Double]
    ) -> [Double] {
        let firstPositive = numbers.firstIndex { !$0.0.isBelowZero } ?? numbers.count
        let negatives = magnitudes(numbers[..<firstPositive].reversed())
        return negatives.reversed().map { -$0 } + magnitudes(Array(numbers[firstPositive...]))
    }

    /// Beyond what 32-bit counters reach, and far below 2^53.
    private static let wholeBase = 2_147_483_659.0

    private static func odd(_ numbers: [(DecimalNumber, Double)]) -> [Double] {
        var last = 0.0
        return numbers.enumerated().map { place, number in
            let (isInteger, magnitude, own) = (number.0.isInteger, number.1.magnitude, wholeBase + 4 * Double(place))
            var next = isInteger ? own : 0.318_309_886_183_79 + (magnitude < wholeBase ? magnitude.rounded(.down) : own)
            if next <= last { next = isInteger ? (last / 2).rounded(.down) * 2 + 3 : last + 1.0 / 1_048_576 }
            last = next
            return next
        }
    }

    /// The place in the order comes first, then the last digits: fifteen together, which a double holds.
    private static func withLastDigits(_ numbers: [(DecimalNumber, Double)]) -> [Double] {
        var last = 0.0
        return numbers.enumerated().map { place, number in
            let (isInteger, magnitude) = (number.0.isInteger, number.1.magnitude)
            let whole = magnitude < 1_000 ? "\(Int(magnitude))" : "\(1_000 + place)"
            let text =
                isInteger
                ? "\(100 + place)\(number.0.lastDigits(12))" : "\(whole).\(100 + place)\(number.0.lastDigits(7))"
            var next = Double(text) ?? 0
            if next <= last { next = last.nextUp }
            last = next
            return next
        }
    }
}

// MARK: Numbers whose spelling alone is not jq's

extension StandIns {
    /// One more run, which tells where the exact numbers come out untouched, so that they keep their spelling: each is
    /// moved by a few units in its last place, another for each.
    /// - Parameter first: the first run: the inexact numbers are as in it.
    static func forSpelling(_ numbers: [AwkwardNumber], like first: StandIns?) -> StandIns? {
        let exact = numbers.indices.filter { numbers[$0].isExact }
        guard !exact.isEmpty else { return nil }
        var written = first?.written ?? numbers.map(\.spelling)
        for (place, index) in exact.enumerated() {
            let moved = Double(bitPattern: numbers[index].double.bitPattern &+ UInt64(place) &+ 1)
            written[index] = Array("\(moved)".utf8)
        }
        return StandIns(written, for: exact, of: numbers)
    }

    /// The record as it is.
    static func none(for numbers: [AwkwardNumber]) -> StandIns { StandIns(numbers.map(\.spelling), for: [], of: []) }
}
