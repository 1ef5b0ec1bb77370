/// What a program can do to numbers and texts at all, by the words that stand in it.
struct JQWords {
    /// It can make a text of a number, and look into a text: at its length, at some of its characters, at whether it is
    /// another one.
    let looksIntoTexts: Bool
    /// It can make a number of a text.
    let readsNumbers: Bool

    private static let makeTexts: Set<String> = [
        "tostring", "tojson", "join", "ascii", "implode", "todate", "strftime", "format", "text", "json",
    ]
    /// What decides by the characters of a text, or by where it stands among others.
    private static let lookInto: Set<String> = [
        "length", "utf8bytelength", "test", "match", "capture", "scan", "split", "splits", "sub", "gsub", "ltrimstr",
        "rtrimstr", "startswith", "endswith", "contains", "inside", "index", "rindex", "indices", "explode", "ascii",
        "ascii_downcase", "ascii_upcase", "sort", "sort_by", "group_by", "unique", "unique_by", "min", "max", "min_by",
        "max_by", "in", "has", "IN", "INDEX", "trim", "ltrim", "rtrim", "trimstr", "bsearch", "strptime", "todate",
        "fromdate", "dateadd", "keys", "to_entries", "with_entries", "getpath", "paths", "tostream", "walk",
    ]

    init(_ source: String) {
        var (makesTexts, looksInto, readsNumbers) = (false, false, false)
        var scan = JQScan(source)
        while let token = scan.next() {
            switch token {
            case .number: break
            case .interpolation, .format: makesTexts = true
            case .comparison, .slice: looksInto = true
            case .word(let word):
                if Self.makeTexts.contains(word) { makesTexts = true }
                if Self.lookInto.contains(word) { looksInto = true }
                if word == "tonumber" || word == "fromjson" { readsNumbers = true }
            }
        }
        looksIntoTexts = makesTexts && looksInto
        self.readsNumbers = readsNumbers
    }
}
