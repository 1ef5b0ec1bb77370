package import Logging

/// What a pipeline's functions write, and what its steps say.
public struct Logs: Hashable, Sendable {
    /// How much a line matters.
    public enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// 1 day to 10 years; 30 days. Older lines are deleted.
    public var keep: Duration
    /// Less than this is not kept. What a function writes is `info`.
    public var level: Level
    /// 10 MB to 1 TB; 1 GB. What is beyond is deleted, the oldest first.
    public var maxSize: ByteCount

    public init(keep: Duration = .days(30), level: Level = .info, maxSize: ByteCount = .gigabytes(1)) {
        self.keep = keep
        self.level = level
        self.maxSize = maxSize
    }
}

extension Logs: PipelinePart {
    public func define(in pipeline: inout Pipeline) { pipeline.logs = self }
}

extension Logs.Level {
    /// The same as swift-log has it.
    package var loggerLevel: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
