/// What functions are told of the services around them.
package struct FunctionServices: Sendable, Hashable {
    package var region: String
    /// Twelve digits.
    package var account: String
    /// Endpoints and credentials, by the names that AWS's SDKs look for.
    package var variables: [String: String]

    /// - Parameter region: where functions are by what they are told; AWS's first one by default.
    package init(region: String = "us-east-1", account: String = "000000000000", variables: [String: String] = [:]) {
        self.region = region
        self.account = account
        self.variables = variables
    }

    /// Nothing listens.
    package static let none = FunctionServices()
}
