/// The region and the account whose queues are called by their names alone.
package struct Home: Hashable, Sendable {
    package var region: String
    package var account: String

    package init(region: String = "us-east-1", account: String = "000000000000") {
        self.region = region
        self.account = account
    }
}
