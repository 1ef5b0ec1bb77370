import CJQ

/// Definitions that come before every program, on its first line.
///
/// - `now` is one moment for all runs of a record: it comes through libjq's `input`.
/// - `input` and `inputs` fail: each record is a run of its own.
/// - `halt` and `halt_error` fail the record: a program that halted must not be run again (jq 1.6 frees twice).
/// - `error(null)` is `empty` to jq 1.6: a record would be left out that was to fail.
enum JQPrelude {
    private static let common =
        "def now: input; "
        + "def input: error(\"there is no other input: each record is a run of its own\"); def inputs: input; "
        + "def halt: error(\"the program called `halt`; write `empty` to leave a record out\"); "
        + "def halt_error: error(.); def halt_error($status): error(.); "

    private static let forOld =
        "def error(m): m | if . == null then \"error(null)\" | error else error end; def error: error(.); "

    static var text: String { (cjq_is_old() ? forOld : "") + common }

    static func apply(_ source: String) -> String { text + source }
}
