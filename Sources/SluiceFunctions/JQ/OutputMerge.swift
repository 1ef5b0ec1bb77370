/// Walks through what several runs of a program made of one record, side by side, and puts the numbers back that they
/// passed on untouched.
struct OutputMerge {
    /// The runs differ, and not only where each has its own stand-in for the same number.
    struct Differ: Error {}

    /// The outputs of one run.
    struct Side {
        let outputs: [[UInt8]]
        let standIns: StandIns
    }

    private let sides: [Side]
    /// The run that tells where exact numbers keep their spelling.
    private let spelling: Side?
    private let numbers: [AwkwardNumber]
    /// Exact numbers as jq writes them, by their place; of a whole record, because it may have as many outputs as numbers.
    private let exact: [Int: [UInt8]]

    init(_ sides: [Side], spelling: Side?, _ numbers: [AwkwardNumber]) {
        self.sides = sides
        self.spelling = spelling
        self.numbers = numbers
        let places = spelling == nil ? [] : numbers.indices.filter { numbers[$0].isExact }
        exact = Dictionary(uniqueKeysWithValues: places.map { ($0, JQProgram.text(ofNumber: numbers[$0].spelling)) })
    }

    /// The outputs, their untouched numbers spelled as in the record.
    func outputs() throws(Differ) -> [[UInt8]] {
        let count = sides[0].outputs.count
        guard (sides + (spelling.map { [$0] } ?? [])).allSatisfy({ $0.outputs.count == count }) else { throw Differ() }
        var result: [[UInt8]] = []
        for place in 0..<count { result.append(try output(place)) }
        return result
    }

    private func output(_ place: Int) throws(Differ) -> [UInt8] {
        var result: [UInt8] = []
        var walks = (sides + (spelling.map { [$0] } ?? [])).map { JSONTokens($0.outputs[place]) }
        while let kind = walks[0].kind {
            guard walks.allSatisfy({ $0.kind == kind }) else { throw Differ() }
            var tokens = walks.indices.map { walks[$0].next() }
            let other = spelling == nil ? nil : tokens.removeLast()
            if tokens.allSatisfy({ $0 == tokens[0] }) {
                result += kind == JSONTokens.number ? spelled(tokens[0], other) : tokens[0]
            } else if kind == JSONTokens.number {
                result += try number(tokens)
            } else {
                // Texts that a program makes of untouched numbers are alike in all runs.
                throw Differ()
            }
        }
        guard walks.allSatisfy({ $0.kind == nil }) else { throw Differ() }
        return result
    }

    /// A number that all runs agree on: an exact one that came out untouched keeps its spelling.
    private func spelled(_ token: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>?) -> ArraySlice<UInt8> {
        guard let other, let number = spelling?.standIns.numbers[Array(other)], exact[number]?[...] == token else {
            return token
        }
        return numbers[number].spelling[...]
    }

    private func number(_ tokens: [ArraySlice<UInt8>]) throws(Differ) -> [UInt8] {
        let found = zip(sides, tokens).map { side, token in side.standIns.numbers[Array(token)] }
        guard let first = found[0], found.allSatisfy({ $0 == first }) else { throw Differ() }
        return numbers[first].spelling
    }
}
