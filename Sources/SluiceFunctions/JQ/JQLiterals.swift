/// Numbers that stand in a program itself. jq would compute with another one than is written, and say nothing.
enum JQLiterals {
    static func mistakes(in source: String) -> [JQMistake] {
        var scan = Scan(source)
        var mistakes: [JQMistake] = []
        while let (text, line, column) = scan.nextNumber() {
            guard isRounded(text) else { continue }
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

    /// Walks over code, not over comments and texts; what is interpolated into a text is code again.
    private struct Scan {
        private var rest: Substring.UnicodeScalarView
        private var (line, column) = (1, 1)
        /// Open parentheses in the code of each interpolation that is being read, from the outermost on.
        private var interpolations: [Int] = []

        init(_ source: String) { rest = source[...].unicodeScalars }

        mutating func nextNumber() -> (String, line: Int, column: Int)? {
            while let scalar = rest.first {
                switch scalar {
                case "#": while let next = rest.first, next != "\n" { _ = take() }
                case "\"":
                    _ = take()
                    skipText()
                case "(":
                    _ = take()
                    if let depth = interpolations.last { interpolations[interpolations.count - 1] = depth + 1 }
                case ")":
                    _ = take()
                    closeParenthesis()
                case "0"..."9": return number()
                case _ where scalar.isInWord: while let next = rest.first, next.isInWord { _ = take() }
                default: _ = take()
                }
            }
            return nil
        }

        private mutating func closeParenthesis() {
            guard let depth = interpolations.last else { return }
            if depth > 0 {
                interpolations[interpolations.count - 1] = depth - 1
            } else {
                interpolations.removeLast()
                skipText()
            }
        }

        /// To behind the quote that ends a text, or behind the parenthesis that begins an interpolation.
        private mutating func skipText() {
            while let scalar = take() {
                if scalar == "\"" { return }
                if scalar == "\\", take() == "(" {
                    interpolations.append(0)
                    return
                }
            }
        }

        private mutating func number() -> (String, line: Int, column: Int) {
            let place = (line, column)
            var text = String.UnicodeScalarView()
            while let scalar = rest.first {
                let isSign = (scalar == "+" || scalar == "-") && (text.last == "e" || text.last == "E")
                guard isSign || scalar == "." || scalar == "e" || scalar == "E" || ("0"..."9").contains(scalar) else {
                    break
                }
                text.append(scalar)
                _ = take()
            }
            return (String(text), place.0, place.1)
        }

        private mutating func take() -> Unicode.Scalar? {
            guard let scalar = rest.popFirst() else { return nil }
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
            return scalar
        }
    }
}

extension Unicode.Scalar {
    /// Of names, fields and variables.
    fileprivate var isInWord: Bool { properties.isAlphabetic || self == "_" || ("0"..."9").contains(self) }
}
