/// What a backup holds.
public struct BackupReport: Sendable, Hashable {
    public var path: String
    public var bytes: Int
    /// Those in queues; `nil` = something is damaged, and they cannot be counted.
    public var messages: Int?
    public var objects: Int
    /// Files of raw copies.
    public var segments: Int
    /// What is wrong with what was copied, as `data check` says it; the backup is there all the same.
    public var problems: [String]

    public init(path: String, bytes: Int, messages: Int?, objects: Int, segments: Int, problems: [String]) {
        self.path = path
        self.bytes = bytes
        self.messages = messages
        self.objects = objects
        self.segments = segments
        self.problems = problems
    }
}

/// What was made of a backup.
public struct RestoreReport: Sendable, Hashable {
    public var path: String
    /// Those in queues.
    public var messages: Int
    /// The steps that wait for `resume`.
    public var paused: [StepName]
    /// What is wrong with what was restored, as `data check` says it; the folder is there all the same.
    public var problems: [String]

    public init(path: String, messages: Int, paused: [StepName], problems: [String]) {
        self.path = path
        self.messages = messages
        self.paused = paused
        self.problems = problems
    }
}
