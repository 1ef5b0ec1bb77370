/// Numbers that are texts: what a program makes of their characters, and what it makes numbers of.
struct NumberText {
    /// Where in the record its digits stand, within a text.
    let range: Range<Int>
    let spelling: [UInt8]

    // MARK: Numbers of which a program makes texts

    /// The record with each inexact number as the text of its digits: what a program finds out about that text is true of
    /// the number's.
    static func apply(to record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber]) -> [UInt8] {
        var bytes: [UInt8] = []
        var end = 0
        for number in numbers where !number.isExact {
            bytes += record[end..<number.range.lowerBound]
            bytes += quoted(number.spelling)
            end = number.range.upperBound
        }
        return bytes + record[end...]
    }

    /// Whether outputs are what the run with the texts has, but for the quotes around the numbers.
    static func agree(_ outputs: [[UInt8]], _ texts: [[UInt8]], _ numbers: [AwkwardNumber]) -> Bool {
        let spellings = Set(numbers.filter { !$0.isExact }.map(\.spelling))
        return outputs.count == texts.count && zip(outputs, texts).allSatisfy { agree($0, $1, spellings) }
    }

    private static func agree(_ output: [UInt8], _ text: [UInt8], _ spellings: Set<[UInt8]>) -> Bool {
        var (place, other) = (0, 0)
        while place < output.count, other < text.count {
            let (token, otherToken) = (JQToken.next(output, &place), JQToken.next(text, &other))
            if token == otherToken { continue }
            if spellings.contains(Array(token)), otherToken.elementsEqual(quoted(Array(token))) { continue }
            guard token.first?.startsNumber == true, otherToken.first?.startsNumber == true,
                DecimalNumber(token) == DecimalNumber(otherToken)
            else { return false }
        }
        return place == output.count && other == text.count
    }

    // MARK: Texts of which a program makes numbers

    /// Those in the record's texts that a double cannot hold.
    static func all(in record: UnsafeBufferPointer<UInt8>) -> [NumberText] {
        var found: [NumberText] = []
        var (place, isInText) = (0, false)
        while place < record.count {
            let byte = record[place]
            if byte == UInt8(ascii: "\"") { isInText.toggle() }
            if byte == UInt8(ascii: "\\") { place += 1 }
            guard isInText, byte.startsNumber else {
                place += 1
                continue
            }
            let start = place
            while place < record.count, record[place].isInNumber { place += 1 }
            let spelling = Array(record[start..<place])
            guard spelling.count > 15, let number = AwkwardNumber(start..<place, of: spelling), !number.isExact else {
                continue
            }
            found.append(NumberText(range: start..<place, spelling: spelling))
        }
        return found
    }

    /// The record with other numbers of as many digits in its texts.
    static func change(_ texts: [NumberText], in record: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var bytes = Array(record)
        for text in texts {
            guard let first = text.range.first(where: { bytes[$0].isDigit }) else { continue }
            bytes[first] = bytes[first] == UInt8(ascii: "9") ? UInt8(ascii: "1") : bytes[first] + 1
        }
        return bytes
    }

    /// Whether no number of the outputs comes of those texts: they are the same whatever the texts say, and no text has
    /// one that was rounded.
    static func keepsNumbers(_ outputs: [[UInt8]], _ others: [[UInt8]], _ texts: [NumberText]) -> Bool {
        let rounded = texts.map { JQProgram.text(ofNumber: $0.spelling) }
        guard outputs.count == others.count else { return false }
        return zip(outputs, others).allSatisfy { output, changed in
            var (place, other) = (0, 0)
            while place < output.count, other < changed.count {
                let (token, otherToken) = (JQToken.next(output, &place), JQToken.next(changed, &other))
                if token == otherToken { continue }
                guard token.first == UInt8(ascii: "\""), otherToken.first == token.first,
                    !rounded.contains(where: { token.contains($0) })
                else { return false }
            }
            return place == output.count && other == changed.count
        }
    }

    private static func quoted(_ text: [UInt8]) -> [UInt8] { [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")] }
}
