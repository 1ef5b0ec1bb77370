import Sluice

/// Runs a program on a record with inexact numbers, several times with other numbers in their place, and tells what it
/// makes of the numbers themselves.
struct CarefulRuns {
    private let program: JQProgram

    /// Numbers that appear only when others are there: more than this are not looked for.
    private static let mostRounds = 4

    /// - Parameter program: one that keeps digits.
    init(_ program: JQProgram) { self.program = program }

    /// - Parameter isQuiet: what it logs is known.
    func outputs(
        of record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ time: Double, isQuiet: Bool = false
    ) throws(Problem) -> [[UInt8]] {
        var (numbers, isQuiet) = (numbers, isQuiet)
        for _ in 0..<Self.mostRounds {
            let standIns = StandIns.forInexact(numbers)
            let first = run(record, numbers, standIns[0], time, isQuiet: isQuiet)
            if let text = first.unclear { throw JQProblem.unclear(text) }
            guard first.rounded.isEmpty else {
                // The program makes a number of a text: it is one more that something must stand for.
                numbers += first.rounded.map(\.ofText)
                isQuiet = true
                continue
            }
            let runs = [first] + standIns.dropFirst().map { run(record, numbers, $0, time, isQuiet: true) }
            return try merged(runs, standIns, record, numbers, time)
        }
        throw JQProblem.notTold(numbers)
    }

    private func run(
        _ record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ standIns: StandIns, _ time: Double,
        isQuiet: Bool
    ) -> JQProgram.Run {
        standIns.apply(to: record, numbers).withUnsafeBufferPointer {
            program.run(on: $0, standIns, time: time, isQuiet: isQuiet)
        }
    }

    private func merged(
        _ runs: [JQProgram.Run], _ standIns: [StandIns], _ record: UnsafeBufferPointer<UInt8>,
        _ numbers: [AwkwardNumber], _ time: Double
    ) throws(Problem) -> [[UInt8]] {
        if runs.allSatisfy(\.hasFailed) { return try runs[0].outputs.orProblem() }
        var sides: [OutputMerge.Side] = []
        for (run, standIns) in zip(runs, standIns) {
            // Where the texts differ, one is made of a number that was computed from an inexact one.
            guard case .success(let outputs) = run.outputs, run.texts == runs[0].texts, run.rounded.isEmpty,
                run.unclear == nil
            else { throw JQProblem.notTold(numbers) }
            sides.append(OutputMerge.Side(outputs: outputs, standIns: standIns))
        }
        let spelling = spelling(record, numbers, standIns[0], time)
        do throws(OutputMerge.Differ) {
            return try OutputMerge(sides, spelling: spelling, numbers).outputs()
        } catch {
            return try merged(sides, numbers)
        }
    }

    /// Without what tells where exact numbers keep their spelling.
    private func merged(_ sides: [OutputMerge.Side], _ numbers: [AwkwardNumber]) throws(Problem) -> [[UInt8]] {
        do throws(OutputMerge.Differ) {
            return try OutputMerge(sides, spelling: nil, numbers).outputs()
        } catch {
            throw JQProblem.notTold(numbers)
        }
    }

    /// `nil` = nothing can be learned from it; then exact numbers are spelled as jq does.
    private func spelling(
        _ record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ first: StandIns, _ time: Double
    ) -> OutputMerge.Side? {
        guard let standIns = StandIns.forSpelling(numbers, like: first) else { return nil }
        let run = run(record, numbers, standIns, time, isQuiet: true)
        guard case .success(let outputs) = run.outputs else { return nil }
        return OutputMerge.Side(outputs: outputs, standIns: standIns)
    }
}

extension JQProgram.Run {
    fileprivate var hasFailed: Bool {
        if case .failure = outputs { true } else { false }
    }
}
