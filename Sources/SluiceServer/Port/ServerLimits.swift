import NIOCore

/// What one port holds at most, so that no client can take what the others need.
struct ServerLimits: Sendable {
    /// Bytes of one body. A batch of SQS is 1 MiB of text; written as `\u00XX` it is six times that, in base64 or
    /// percent-encoded less.
    var longestBody = 10 << 20
    /// Bytes of all bodies that are arriving.
    var mostBodyBytes = 512 << 20
    var mostConnections = 16_384
    /// Requests of one connection that were sent before the ones before them are answered.
    var mostPipelined = 32
    /// A request has to arrive whole within it, and an answer has to be taken.
    var requestTime = TimeAmount.seconds(60)
    /// A connection without a request is closed after it.
    var idleTime = TimeAmount.minutes(5)
}
