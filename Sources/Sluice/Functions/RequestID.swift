/// Ids of invocations, as Lambda writes them.
package enum RequestID {
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return MessageID.random(using: &generator).description
    }
}
