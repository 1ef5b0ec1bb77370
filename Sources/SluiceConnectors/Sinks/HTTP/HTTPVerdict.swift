import NIOHTTP1
import Sluice

/// What an answer means. The table in the reference, "Which answer means what".
enum HTTPVerdict {
    /// All were taken, but for these.
    case taken(failed: [SinkRejection])
    /// What was sent can never be taken.
    case refused(reason: String, type: String, isTooLarge: Bool)
    case service(SinkError)

    /// - Parameter count: the records of the request.
    init(_ answer: HTTPAnswer, of count: Int, _ plan: HTTPPlan) {
        switch answer.status {
        case 200..<300: self = Self.taken(answer, of: count, plan)
        case 400, 409, 413, 415, 422: self = Self.refused(answer, plan)
        case 408, 425, 429, 500..<600:
            let after = RetryAfter.wait(answer.headers)
            let reason = Self.reason(answer, to: plan.method.rawValue, plan)
            self = Self.overridden(answer, plan, .busy(reason: reason, type: answer.type, after: after))
        default: self = Self.overridden(answer, plan, Self.unavailable(answer, to: plan.method.rawValue, plan))
        }
    }

    private static func taken(_ answer: HTTPAnswer, of count: Int, _ plan: HTTPPlan) -> HTTPVerdict {
        switch FailedRecords(answer, of: count) {
        case .none: .taken(failed: [])
        case .named(let failed):
            .taken(
                failed: failed.map { index, words in
                    let text = AnswerText.line(words, 4_096, masking: plan.secrets)
                    let reason = "\(plan.address.shown) refuses the record: \(text)"
                    return SinkRejection(index: index, reason: reason, type: answer.type)
                })
        case .notTold: refused(answer, plan)
        }
    }

    private static func refused(_ answer: HTTPAnswer, _ plan: HTTPPlan) -> HTTPVerdict {
        let text = answer.excerpt(4_096, masking: plan.secrets)
        let words = text.isEmpty ? "and says nothing more" : text
        return .refused(
            reason: "\(plan.address.shown) answers \(answer.status): \(words)", type: answer.type,
            isTooLarge: answer.status == 413)
    }

    /// A rule of `errors:` makes an answer about the service one about the record. `retry` is what a busy service gets
    /// anyway.
    private static func overridden(_ answer: HTTPAnswer, _ plan: HTTPPlan, _ error: SinkError) -> HTTPVerdict {
        let problem = Problem(reason: error.reason, type: answer.type, remedy: .reject)
        switch (plan.rules.match(problem), error) {
        case (nil, _), (.retry?, .busy): return .service(error)
        case (_?, _): return refused(answer, plan)
        }
    }

    static func unavailable(_ answer: HTTPAnswer, to method: String, _ plan: HTTPPlan) -> SinkError {
        .unavailable(
            reason: "\(reason(answer, to: method, plan))\(advice(answer, plan))", type: answer.type)
    }

    private static func reason(_ answer: HTTPAnswer, to method: String, _ plan: HTTPPlan) -> String {
        let text = answer.excerpt(200, masking: plan.secrets)
        return "\(plan.address.shown) answers \(answer.status) to \(method)" + (text.isEmpty ? "" : ": \(text)")
    }

    private static func advice(_ answer: HTTPAnswer, _ plan: HTTPPlan) -> String {
        switch answer.status {
        case 401, 403: return "; look at `headers`: the address does not let us in"
        case 404, 405, 410: return "; look at `to` and `method`"
        case 407: return "; the proxy wants a user and a password"
        case 300..<400:
            let target = answer.headers.first(name: "Location").flatMap { Redirect.target($0, from: plan.address.url) }
            let place = target.map { " to \($0.shown)" } ?? ""
            return "; it sends us on\(place), which is not followed: write the address that takes records into `to`"
        default: return ""
        }
    }
}
