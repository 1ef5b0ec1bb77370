import Sluice
import Synchronization

/// The secrets of all definitions that this process has read: what one held before a reload stays hidden after it.
final class KnownSecrets: Sendable {
    private let secrets: Mutex<Secrets>

    init(_ secrets: Secrets) { self.secrets = Mutex(secrets) }

    var all: Secrets { secrets.withLock { $0 } }
    func add(_ others: Secrets) { secrets.withLock { $0.formUnion(others) } }
    func mask(_ text: String) -> String { all.mask(text) }
}
