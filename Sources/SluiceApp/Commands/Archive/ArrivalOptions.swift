import ArgumentParser
import Sluice

/// Which raw copies a command means: by when they arrived, and by what they say of themselves.
struct ArrivalOptions: ParsableArguments {
    @Option(help: "What arrived from this moment on: \(MomentArgument.forms).")
    var from: MomentArgument?

    @Option(help: "And before this one.")
    var to: MomentArgument?

    @Option(
        name: .customLong("where"),
        help: "Only records with this value: '$.customer_id=42', meta.object=BUCKET/KEY, or !=. May be repeated.")
    var conditions: [ConditionArgument] = []

    /// Nothing restricts.
    var isEmpty: Bool { from == nil && to == nil && conditions.isEmpty }
}

/// `$.customer_id=42`.
struct ConditionArgument: ExpressibleByArgument, Sendable {
    let condition: ReplayCondition

    init?(argument: String) {
        do throws(ReplayCondition.Mistake) { condition = try ReplayCondition(parsing: argument) } catch { return nil }
    }
}
