import Sluice

/// Why a jq program has no output for a record. The same record comes to the same failure every time: it is not tried
/// again.
enum JQProblem {
    /// The program computes with a number that jq would round, or decides by it.
    static func notTold(_ numbers: [AwkwardNumber]) -> Problem {
        let inexact = numbers.filter { !$0.isExact }.map { String(decoding: $0.spelling.prefix(80), as: UTF8.self) }
        let (first, more) = (inexact.first ?? "", inexact.count - 1)
        return Problem(
            reason: "the program computes with the number \(first)\(more > 0 ? ", or one of \(more) like it," : "") or "
                + "decides by it, and jq would round it: send it as text (\"\(first)\"), or pass it on untouched",
            type: "jq-number", remedy: .reject)
    }

    /// The program makes a number of a text that is none in JSON.
    static func unclear(_ text: String) -> Problem {
        Problem(
            reason: "the program makes a number of the text \"\(text)\", and jq would round it: pass it on as text",
            type: "jq-number", remedy: .reject)
    }
}

extension Result<[[UInt8]], JQProgram.Failure> {
    /// The outputs.
    func orProblem() throws(Problem) -> [[UInt8]] {
        switch self {
        case .success(let outputs): return outputs
        case .failure(let failure): throw Problem(reason: failure.reason, type: "jq", remedy: .reject)
        }
    }
}
