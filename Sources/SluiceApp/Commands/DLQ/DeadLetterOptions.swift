import ArgumentParser
import Sluice

/// Which dead letters `show`, `try`, `redrive`, `discard` and `export` mean.
struct DeadLetterOptions: ParsableArguments {
    @Argument(help: "Message ids or record identities.")
    var ids: [String] = []

    @Option(help: "Of this pipeline only.", completion: NameCompletion.pipelines)
    var pipeline: String?

    @Option(help: "Of this group: the number that `dlq` printed, or a fingerprint of `dlq --json`.")
    var group: String?

    @Option(help: "That died since then: \(MomentArgument.forms).")
    var since: MomentArgument?

    @Flag(help: "All of them.")
    var all = false

    /// - Parameters:
    ///   - reason: part of the reason; not among these options, because `discard --reason` is why it is done.
    ///   - needsChoice: whether an empty choice is a mistake, or means all.
    /// - Throws: `CommandFailure` (64) when nothing is chosen, or when there is no such group.
    func selection(
        in control: any Control, reason: String?, needsChoice: Bool
    ) async throws -> DeadLetterSelection {
        let choices = !ids.isEmpty || group != nil || reason != nil || since != nil
        if needsChoice, !choices, !all {
            throw CommandFailure(.usage, "which dead letters? Give ids, --group N, --reason TEXT, --since 2h, or --all")
        }
        if all, choices { throw CommandFailure(.usage, "--all and a narrower choice do not go together") }
        var selection = DeadLetterSelection(
            pipeline: pipeline, ids: ids, reason: reason, since: since?.moment(before: .wall))
        if let group { try await resolve(group, in: control, into: &selection) }
        return selection
    }

    private func resolve(
        _ text: String, in control: any Control, into selection: inout DeadLetterSelection
    ) async throws {
        guard let number = Int(text) else {
            selection.fingerprint = text
            return
        }
        let groups = NumberedGroup.number(try await control.deadLetterGroups(pipeline: nil))
        guard let match = groups.first(where: { $0.number == number }) else {
            throw CommandFailure(
                .usage, "there is no group \(number); `dlq` shows \(groups.isEmpty ? "none" : "1 to \(groups.count)")")
        }
        if let pipeline, pipeline != match.group.pipeline {
            throw CommandFailure(.usage, "group \(number) is of pipeline '\(match.group.pipeline)', not '\(pipeline)'")
        }
        selection.pipeline = match.group.pipeline
        selection.fingerprint = match.group.fingerprint
    }
}
