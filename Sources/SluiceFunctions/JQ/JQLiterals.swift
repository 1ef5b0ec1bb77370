/// Numbers that stand in a program itself. jq would compute with another one than is written, and say nothing.
enum JQLiterals {
    static func mistakes(in source: String) -> [JQMistake] {
        var scan = JQScan(source)
        var mistakes: [JQMistake] = []
        while let token = scan.next() {
            guard case .number(let text, let line, let column) = token, isRounded(text) else { continue }
            mistakes.append(
                JQMistake(
                    "jq would round the number \(text)", line: line, column: column,
                    remedy:
                        "expected one of 17 digits at most; numbers of records may have more, as long as they are passed on"
                ))
        }
        return mistakes
    }

    /// `1e1000`, which is how infinity is written in jq, is meant as it is.
    private static func isRounded(_ text: String) -> Bool {
        guard let double = Double(text), double.isFinite else { return false }
        return DecimalNumber("\(double)".utf8) != DecimalNumber(text.utf8)
    }
}
