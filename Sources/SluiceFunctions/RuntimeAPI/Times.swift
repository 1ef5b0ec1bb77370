import Foundation
import Sluice

extension Timestamp {
    /// Now on the machine's own clock: deadlines of processes are real time, whatever the engine's clock says.
    static var wall: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
}

extension Duration {
    /// For timers; the longest is 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return Int64(seconds) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
