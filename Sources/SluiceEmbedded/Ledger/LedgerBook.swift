import Sluice

/// The ledger's figures in memory: the totals, and what the present transaction adds to them.
struct LedgerBook {
    private(set) var totals: [String: [LedgerEntry: Int]] = [:]
    private var additions: [String: [LedgerEntry: Int]] = [:]

    mutating func load(_ account: String, _ entry: LedgerEntry, _ count: Int) {
        totals[account, default: [:]][entry] = count
    }

    mutating func add(_ account: String, _ entry: LedgerEntry, _ count: Int = 1) {
        guard count != 0 else { return }
        totals[account, default: [:]][entry, default: 0] += count
        additions[account, default: [:]][entry, default: 0] += count
    }

    /// What the account belongs to is gone.
    mutating func forget(_ account: String) {
        totals[account] = nil
        additions[account] = nil
    }

    subscript(account: String) -> [LedgerEntry: Int] { totals[account] ?? [:] }

    var hasAdditions: Bool { !additions.isEmpty }

    /// What has to be written, and a clean slate for the next transaction.
    mutating func takeAdditions() -> [String: [LedgerEntry: Int]] {
        defer { additions.removeAll(keepingCapacity: true) }
        return additions
    }

    static func account(ofQueue id: Int64) -> String { "queue/\(id)" }
    static func account(of step: StepName) -> String { "step/\(step)" }
}
