/// What a function reports when an invocation, or its start, fails as a whole: `{"errorMessage", "errorType"}`.
package enum FunctionError {
    /// - Parameter type: what the caller knows of the kind of error, where the body does not say it.
    package static func problem(in body: Bytes, type: String? = nil) -> Problem {
        let usual = Problem(
            reason: "the function failed, and did not say why", type: type ?? "FunctionError", remedy: .retry)
        guard !body.isEmpty else { return usual }
        do throws(JSONMistake) {
            let error = try JSONValue(parsing: body)
            return Problem(
                reason: words(error.member("errorMessage")) ?? usual.reason,
                type: words(error.member("errorType")) ?? usual.type, remedy: .retry)
        } catch {
            let text = body.prefix(Failure.longestReason).text
            return Problem(reason: "the function failed: \(text)", type: usual.type, remedy: .retry)
        }
    }

    private static func words(_ value: JSONValue?) -> String? {
        guard let text = value?.scalarText, !text.isEmpty else { return nil }
        return text
    }
}
