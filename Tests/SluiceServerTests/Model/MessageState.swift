/// Where a message stands. Moments are in milliseconds.
struct MessageState: Hashable {
    /// `nil` = it is gone, or was never stored.
    var queue: String?
    /// `nil` = its sender was not answered, and nobody has seen it.
    var id: String?
    /// `nil` = it is not known: it came here unseen.
    var sequence: String?
    var sent = 0
    /// Since when its retention counts.
    var arrived = 0
    var visibleAt = 0
    /// It waits for its DelaySeconds, and not for the end of a receive.
    var isDelayed = false
    /// When it was received last, or received again with the same attempt id.
    var takenAt = -1
    /// How often it was received. The latest receipt is the one of this count.
    var receives = 0
    var firstReceived: Int?

    static let gone = MessageState()

    func isInFlight(at now: Int) -> Bool { !isDelayed && visibleAt > now }

    /// Received with no timeout at this very moment: it is in flight until whatever is carried out together with that
    /// receive is over, which nobody sees from outside.
    func isMomentary(at now: Int) -> Bool { visibleAt == now && takenAt == now }
}
