/// What a function is called where it asks: in its environment variables and in the headers of an invocation.
struct FunctionIdentity: Sendable, Hashable {
    /// `PIPELINE-transform`.
    var name: String
    var version: String
    var region: String
    /// Twelve digits.
    var account: String

    init(ofPipeline pipeline: String, version: String, _ services: FunctionServices) {
        name = "\(pipeline)-transform"
        self.version = version
        region = services.region
        account = services.account
    }

    var arn: String { "arn:aws:lambda:\(region):\(account):function:\(name)" }
}
