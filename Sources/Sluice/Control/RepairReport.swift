/// What a repair of a data folder has kept and lost.
public struct RepairReport: Sendable, Hashable {
    /// What was wrong before; empty = nothing, and nothing was done.
    public var problems: [String]
    /// Messages that can neither be delivered nor counted any other way, by queue; the ledger has them as `lost`.
    public var lost: [String: Int]
    /// What could not be kept, in words, one each.
    public var leftOut: [String]
    /// Where the files of before are, and `lost.jsonl` with what could be read of what is lost; `nil` = nothing was done.
    public var aside: String?
    /// What is still wrong.
    public var remaining: [String]

    public init(
        problems: [String], lost: [String: Int] = [:], leftOut: [String] = [], aside: String? = nil,
        remaining: [String] = []
    ) {
        self.problems = problems
        self.lost = lost
        self.leftOut = leftOut
        self.aside = aside
        self.remaining = remaining
    }
}
