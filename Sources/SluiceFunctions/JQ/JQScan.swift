/// Walks over the code of a program, not over its comments and texts; what is interpolated into a text is code again.
struct JQScan {
    enum Token: Equatable {
        case number(String, line: Int, column: Int)
        /// The name of a function or a keyword; fields and variables are none.
        case word(String)
        /// `@csv`
        case format(String)
        /// `\(…)` in a text.
        case interpolation
        /// `==`, `<` and their like.
        case comparison
        /// A colon between brackets: `.[2:4]`.
        case slice
    }

    private var rest: Substring.UnicodeScalarView
    private var (line, column) = (1, 1)
    /// What is open: `(`, `[`, `{`, and `"` for the code of an interpolation.
    private var open: [Unicode.Scalar] = []
    private var previous: Unicode.Scalar = " "
    /// Found while a text was passed over.
    private var foundInterpolation = false

    init(_ source: String) { rest = source[...].unicodeScalars }

    /// - Returns: `nil` at the end of the program.
    mutating func next() -> Token? {
        while let scalar = rest.first {
            if foundInterpolation {
                foundInterpolation = false
                return .interpolation
            }
            switch scalar {
            case "#": while let next = rest.first, next != "\n" { take() }
            case "\"":
                take()
                skipText()
            case "(", "[", "{":
                take()
                open.append(scalar)
            case ")", "]", "}": close()
            case "0"..."9": return number()
            case "@":
                take()
                return .format(word())
            case _ where scalar.isInWord:
                let isName = previous != "." && previous != "$"
                let word = word()
                if isName { return .word(word) }
            case "=", "<", ">", "!":
                take()
                if scalar != "=" || rest.first == "=" { return .comparison }
            case ":":
                take()
                if open.last == "[" { return .slice }
            default: take()
            }
        }
        defer { foundInterpolation = false }
        return foundInterpolation ? .interpolation : nil
    }

    private mutating func close() {
        take()
        guard let last = open.popLast(), last == "\"" else { return }
        skipText()
    }

    /// To behind the quote that ends a text, or behind the parenthesis that begins an interpolation.
    private mutating func skipText() {
        while let scalar = take() {
            if scalar == "\"" { return }
            if scalar == "\\", take() == "(" {
                open.append("\"")
                foundInterpolation = true
                return
            }
        }
    }

    private mutating func word() -> String {
        var text = String.UnicodeScalarView()
        while let scalar = rest.first, scalar.isInWord {
            text.append(scalar)
            take()
        }
        return String(text)
    }

    private mutating func number() -> Token {
        let place = (line, column)
        var text = String.UnicodeScalarView()
        while let scalar = rest.first {
            let isSign = (scalar == "+" || scalar == "-") && (text.last == "e" || text.last == "E")
            guard isSign || scalar == "." || scalar == "e" || scalar == "E" || ("0"..."9").contains(scalar) else {
                break
            }
            text.append(scalar)
            take()
        }
        return .number(String(text), line: place.0, column: place.1)
    }

    @discardableResult
    private mutating func take() -> Unicode.Scalar? {
        guard let scalar = rest.popFirst() else { return nil }
        (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        previous = scalar
        return scalar
    }
}

extension Unicode.Scalar {
    /// Of names, fields and variables.
    fileprivate var isInWord: Bool { properties.isAlphabetic || self == "_" || ("0"..."9").contains(self) }
}
