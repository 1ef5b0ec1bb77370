import Sluice
import Synchronization

/// What became of the lines of one `send`, counted as the answers come in, in order.
final class SendTally: Sendable {
    struct Counts: Sendable, Equatable {
        var stored = 0
        var duplicates = 0
        var refused = 0
        /// Lines of the input that are dealt with; `--skip` goes on behind them.
        var linesBehind = 0
        /// Lines behind those that were sent and never answered: each of them may be stored.
        var unanswered = 0
        var bytesRead = 0
    }

    private struct State {
        var counts: Counts
        var lastProgress: ContinuousClock.Instant?
        var showsProgress = false
    }

    private let state: Mutex<State>
    private let started = ContinuousClock.now
    private let console: Console
    private let size: Int?
    private let longest: Int
    private let unit: String
    private let progress: Bool

    /// Refused lines that are named one by one; the rest is counted.
    private static let named = 20
    private static let progressInterval: Duration = .milliseconds(100)

    /// - Parameters:
    ///   - size: the bytes of the whole input, where that is known.
    ///   - unit: `line`, or `file` with `--whole`.
    init(console: Console, size: Int?, longest: Int, skip: Int, unit: String, quiet: Bool) {
        self.console = console
        self.size = size
        self.longest = longest
        self.unit = unit
        progress = console.isTerminal && !quiet
        state = Mutex(State(counts: Counts(linesBehind: skip)))
    }

    var counts: Counts { state.withLock(\.counts) }

    func read(bytes: Int) { state.withLock { $0.counts.bytesRead += bytes } }

    /// Nothing is sent any more.
    func leave(unanswered lines: Int) { state.withLock { $0.counts.unanswered = lines } }

    /// - Throws: `ControlError.failed` for an answer that is not one.
    func add(_ batch: SendBatch, _ results: [SendResult]) throws {
        guard results.count == batch.messages.count else {
            throw ControlError.failed(
                "\(batch.messages.count) messages were sent and \(results.count) answered; nothing is sure of them")
        }
        var refusals = batch.tooLong.map { line in
            (line.number, "\(Numbers.grouped(line.length)) bytes; at most \(Numbers.grouped(longest)) are taken")
        }
        var added = Counts()
        for (index, result) in results.enumerated() {
            switch result {
            case .stored: added.stored += 1
            case .duplicate: added.duplicates += 1
            case .refused(let reason): refusals.append((batch.lines[index], SafeText.line(reason)))
            }
        }
        report(added, refusals.sorted { $0.0 < $1.0 }, linesBehind: batch.linesBehind)
    }

    private func report(_ added: Counts, _ refusals: [(line: Int, reason: String)], linesBehind: Int) {
        let (before, text) = state.withLock { state in
            let before = state.counts.refused
            state.counts.stored += added.stored
            state.counts.duplicates += added.duplicates
            state.counts.refused += refusals.count
            state.counts.linesBehind = linesBehind
            return (before, progressText(&state))
        }
        for (index, refusal) in refusals.enumerated() where before + index <= Self.named {
            let what = before + index < Self.named ? "\(unit) \(refusal.line) refused: \(refusal.reason)" : "…"
            console.err("\(clearing)\(what)\n")
        }
        if let text { console.err(text) }
    }

    private func progressText(_ state: inout State) -> String? {
        let now = ContinuousClock.now
        guard progress, state.lastProgress.map({ now - $0 >= Self.progressInterval }) ?? true else { return nil }
        state.lastProgress = now
        let counts = state.counts
        let seconds = max(0.001, (now - started).inSeconds)
        let share = size.map { $0 > 0 ? " \(min(100, counts.bytesRead * 100 / $0))%" : "" } ?? ""
        return "\(clearing)\(Numbers.grouped(counts.stored)) stored\(share), \(Numbers.bytes(counts.bytesRead)), "
            + "\(Numbers.grouped(Int(Double(counts.stored) / seconds)))/s"
    }

    /// Takes the line of progress away.
    var clearing: String { progress ? "\r\u{1B}[K" : "" }
}
