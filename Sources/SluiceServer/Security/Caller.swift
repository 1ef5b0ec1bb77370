/// Who asks, and in which region.
struct Caller: Hashable, Sendable {
    var region: String
    var account: String
    /// `nil` = the request is not signed.
    var accessKeyID: String?

    /// The account that an access key id stands for by itself: its own, where it is twelve digits.
    static func account(of accessKeyID: String?, home: String) -> String {
        guard let id = accessKeyID, id.utf8.count == 12, id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return home
        }
        return id
    }
}
