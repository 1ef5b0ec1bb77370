import ArgumentParser
import Logging
import Sluice

/// The flags of all commands.
struct CommonOptions: ParsableArguments {
    @Option(
        help: "The data folder. Else SLUICE_DATA, STATE_DIRECTORY, or the nearest .sluice in or above this folder.",
        completion: .directory)
    var data: String?

    @Flag(help: "Print JSON, for scripts.")
    var json = false

    @Flag(name: [.short, .long], help: "Print nothing but the data.")
    var quiet = false

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: LogLevel = .notice

    @Option(help: "How log lines are written on stderr: text or json.")
    var logFormat: LogFormat = .text

    @Flag(name: .customLong("no-color"), help: "No colours; NO_COLOR does the same.")
    var noColor = false

    @Option(help: "Give up after so long (exit 124): 500ms, 60s, 5m, 1h.")
    var timeout: TimeSpan?
}

/// A duration as people type it, with its unit.
struct TimeSpan: ExpressibleByArgument, Sendable, Hashable {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let unit = Self.units.first(where: { argument.hasSuffix($0.name) }),
            let count = Int(argument.dropLast(unit.name.count)), count >= 0,
            !count.multipliedReportingOverflow(by: unit.milliseconds).overflow
        else { return nil }
        duration = .milliseconds(count * unit.milliseconds)
    }

    /// As help shows it: `2s`.
    var defaultValueDescription: String {
        let milliseconds = Int(duration.milliseconds)
        let unit = Self.units.last { $0.milliseconds <= milliseconds && milliseconds % $0.milliseconds == 0 }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "0s"
    }

    static let units: [(name: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
}

enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level {
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

extension LogFormat: ExpressibleByArgument {}
