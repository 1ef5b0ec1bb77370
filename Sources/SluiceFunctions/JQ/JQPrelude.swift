import CJQ

/// Definitions that come before every program, on its first line.
///
/// - `now` is one moment for all runs of a record: it comes through libjq's `input`.
/// - `input` and `inputs` fail: each record is a run of its own.
/// - `halt` and `halt_error` fail the record: a program that halted must not be run again (jq 1.6 frees twice).
/// - `error(null)` is `empty` to jq 1.6: a record would be left out that was to fail.
/// - `tonumber` and `fromjson` show the host texts with numbers that jq may round.
enum JQPrelude {
    /// What a program asks its host for: libjq has no functions of the host, so the question goes out as `debug` and the
    /// answer comes in as `input`. A program cannot ask by itself: it does not know the word.
    enum Question: String, CaseIterable {
        /// A text: the same, its numbers replaced by what stands for them.
        case numbers
        /// A value: its JSON, with the digits of the record.
        case json

        var word: String { "\(JQPrelude.secret) \(rawValue)" }
        fileprivate var definition: String { "def _sluice_\(rawValue): [\"\(word)\", .] | debug | input; " }
    }

    private static let secret = String(UInt64.random(in: UInt64.max / 2...UInt64.max), radix: 16)

    /// In up to 15 characters jq rounds nothing, unless they have an exponent. Most texts are not shown for that: it costs.
    private static let numbersOfTexts =
        Question.numbers.definition
        + "def _sluice_tonumber: tonumber; "
        + "def tonumber: if type == \"string\" and (length > 15 or contains(\"e\") or contains(\"E\")) "
        + "then _sluice_numbers else . end | _sluice_tonumber; "
        + "def _sluice_fromjson: fromjson; "
        + "def fromjson: if type == \"string\" then _sluice_numbers else . end | _sluice_fromjson; "

    /// All that makes a text of a number. `join` and `INDEX` are as in jq: its own are bound to its own `tostring`.
    private static let textsOfNumbers =
        Question.json.definition
        + "def tojson: _sluice_json; def tostring: if type == \"string\" then . else _sluice_json end; "
        + "def _sluice_format(f): format(f); def _sluice_join(f): join(f); "
        + "def format($f): if $f == \"text\" then tostring elif $f == \"json\" then tojson "
        + "elif $f == \"csv\" or $f == \"tsv\" or $f == \"sh\" then "
        + "if type == \"array\" then [.[] | if type == \"number\" and . == . then tostring "
        + "else [.] | _sluice_format($f) end] | _sluice_join({csv: \",\", tsv: \"\\t\", sh: \" \"}[$f]) "
        + "elif type == \"number\" and $f == \"sh\" then tostring else _sluice_format($f) end "
        + "else tostring | _sluice_format($f) end; "
        + "def join($x): reduce .[] as $i (null; (if . == null then \"\" else . + $x end) "
        + "+ ($i | if type == \"boolean\" or type == \"number\" then tostring else . // \"\" end)) // \"\"; "
        + "def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] |= $row); "
        + "def INDEX(f): INDEX(.[]; f); "

    private static let common =
        "def now: input; "
        + "def input: error(\"there is no other input: each record is a run of its own\"); def inputs: input; "
        + "def halt: error(\"the program called `halt`; write `empty` to leave a record out\"); "
        + "def halt_error: error(.); def halt_error($status): error(.); "

    private static let forOld =
        "def error(m): m | if . == null then \"error(null)\" | error else error end; def error: error(.); "

    /// - Parameter keepsDigits: texts that the program makes of numbers come from the host.
    static func text(keepsDigits: Bool) -> String {
        (cjq_is_old() ? forOld : "") + numbersOfTexts + (keepsDigits ? textsOfNumbers : "") + common
    }
}
