/// What a reload would change beside what runs, before anything is done.
public struct ReloadPlan: Sendable, Hashable, Codable {
    /// Every pipeline that runs or is going to, by name; also those that nothing changes for.
    public var pipelines: [PipelineChange]
    /// What is wrong with the definitions; then there are no `pipelines`.
    public var mistakes: [DefinitionMistake]
    public var warnings: [DefinitionMistake]
    /// Why it cannot be done although the definitions are right: what is stored, or the machine, does not allow it.
    public var refusals: [String]

    public init(
        pipelines: [PipelineChange] = [], mistakes: [DefinitionMistake] = [], warnings: [DefinitionMistake] = [],
        refusals: [String] = []
    ) {
        self.pipelines = pipelines
        self.mistakes = mistakes
        self.warnings = warnings
        self.refusals = refusals
    }

    public var isPossible: Bool { mistakes.isEmpty && refusals.isEmpty }

    /// Why it is not possible.
    package var obstacles: [String] { mistakes.map(\.description) + refusals }

    /// Whether there is anything to do.
    public var changesAnything: Bool { pipelines.contains { $0.kind != .unchanged } }

    /// Whether it would do the same: what waits may be another number by now.
    public func does(sameAs other: ReloadPlan) -> Bool {
        pipelines.map(\.withoutFigures) == other.pipelines.map(\.withoutFigures) && mistakes == other.mistakes
            && refusals.isEmpty == other.refusals.isEmpty
    }
}

/// What becomes of one pipeline.
public struct PipelineChange: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It starts.
        case added
        /// Its steps finish what they hold; then it does not run any more. What it was is kept in the ledger.
        case removed
        /// Its steps finish what they hold; then it starts anew.
        case changed
        /// It goes on and does not notice.
        case unchanged
    }

    /// One setting. Secrets are masked.
    public struct Setting: Sendable, Hashable, Codable {
        /// The dotted key.
        public var key: String
        /// `nil` = there was none.
        public var old: String?
        /// `nil` = there is none any more.
        public var new: String?

        public init(key: String, old: String?, new: String?) {
            self.key = key
            self.old = old
            self.new = new
        }
    }

    public var name: String
    public var kind: Kind
    /// What is set otherwise in a pipeline that changes, in the order of the reference.
    public var settings: [Setting]
    /// The version of its function's code, now and then; `nil` = no function.
    public var oldCode: String?
    public var newCode: String?
    /// Messages that wait in its queues or are in flight.
    public var waiting: Int
    public var dead: Int

    public init(
        name: String, kind: Kind, settings: [Setting] = [], oldCode: String? = nil, newCode: String? = nil,
        waiting: Int = 0, dead: Int = 0
    ) {
        self.name = name
        self.kind = kind
        self.settings = settings
        self.oldCode = oldCode
        self.newCode = newCode
        self.waiting = waiting
        self.dead = dead
    }

    fileprivate var withoutFigures: PipelineChange {
        var copy = self
        copy.waiting = 0
        copy.dead = 0
        return copy
    }
}
