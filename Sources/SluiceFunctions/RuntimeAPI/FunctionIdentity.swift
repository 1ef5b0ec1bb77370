/// What a function is called where it asks: in its environment variables and in the headers of an invocation.
struct FunctionIdentity: Sendable, Hashable {
    /// `PIPELINE-transform`.
    var name: String
    var version: String
    var region: String

    static let account = "000000000000"

    var arn: String { "arn:aws:lambda:\(region):\(Self.account):function:\(name)" }
}
