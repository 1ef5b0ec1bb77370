/// Where a text of a record has the digits of one of its inexact numbers in it: `{"id": 123…, "id_str": "123…"}`.
struct NumberMention {
    let range: Range<Int>
    /// Its place among the awkward numbers.
    let number: Int

    /// Signs and exponents do not count: digits and a point do.
    static func all(in record: UnsafeBufferPointer<UInt8>, of numbers: [AwkwardNumber]) -> [NumberMention] {
        let inexact = numbers.indices.filter { !numbers[$0].isExact }
        let wanted = Dictionary(inexact.map { (unsigned(numbers[$0].spelling), $0) }, uniquingKeysWith: min)
        let own = Set(numbers.map(\.range.upperBound))
        var mentions: [NumberMention] = []
        var position = 0
        while position < record.count {
            let start = position
            while position < record.count, record[position].isDigit || record[position] == UInt8(ascii: ".") {
                position += 1
            }
            guard position > start else {
                position += 1
                continue
            }
            // Outside of texts there are these digits only where the numbers themselves are.
            if !own.contains(position), let number = wanted[ArraySlice(record[start..<position])] {
                mentions.append(NumberMention(range: start..<position, number: number))
            }
        }
        return mentions
    }

    static func unsigned(_ spelling: [UInt8]) -> ArraySlice<UInt8> {
        spelling.first == UInt8(ascii: "-") ? spelling.dropFirst() : spelling[...]
    }
}
