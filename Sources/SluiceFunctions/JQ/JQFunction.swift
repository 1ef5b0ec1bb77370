import Sluice

/// A jq program as a function of records: what it makes of each.
final class JQFunction {
    private let program: JQProgram
    private let source: String
    /// The same for records with inexact numbers: compiled when the first one comes.
    private var watched: JQProgram?

    /// - Throws: all that jq finds wrong with the program.
    init(_ source: String) throws(JQMistakes) {
        program = try JQProgram(source)
        self.source = source
    }

    /// - Parameter time: what `now` is, in seconds since 1970.
    func answer(to record: Bytes, time: Double) -> RecordAnswer {
        // A record that is not JSON to the letter is not left to jq, which takes more for it.
        if let mistake = JSONMistake.of(record) {
            return .failed(
                Problem(
                    reason: "it is not JSON, which a jq program is given: \(mistake.message)", type: "not-json",
                    remedy: .reject))
        }
        do throws(Problem) {
            return .outputs(try outputs(of: record, time).map { $0[...] })
        } catch {
            return .failed(error)
        }
    }

    private func outputs(of record: Bytes, _ time: Double) throws(Problem) -> [[UInt8]] {
        try record.withUnsafeBufferPointer { (record) throws(Problem) -> [[UInt8]] in
            let numbers = AwkwardNumber.all(in: record)
            guard numbers.allSatisfy(\.isExact) else { return try careful().outputs(of: record, numbers, time) }
            let run = program.run(on: record, time: time)
            if let text = run.unclear { throw JQProblem.unclear(text) }
            // From here on it is as if these numbers stood in the record.
            guard run.rounded.isEmpty else {
                return try careful().outputs(of: record, numbers + run.rounded.map(\.ofText), time, isQuiet: true)
            }
            let outputs = try run.outputs.orProblem()
            return numbers.isEmpty ? outputs : spelled(outputs, of: record, numbers, time)
        }
    }

    private func careful() throws(Problem) -> CarefulRuns {
        if let watched { return CarefulRuns(watched) }
        do throws(JQMistakes) {
            let compiled = try JQProgram(source, keepsDigits: true)
            watched = compiled
            return CarefulRuns(compiled)
        } catch {
            throw Problem(
                reason: "it has a number that jq would round, and the program cannot be watched: \(error)",
                type: "jq-number", remedy: .reject)
        }
    }

    /// The outputs with exact numbers as they are written in the record, where one more run tells that they came out
    /// untouched.
    private func spelled(
        _ outputs: [[UInt8]], of record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ time: Double
    ) -> [[UInt8]] {
        guard let moved = StandIns.forSpelling(numbers, like: nil) else { return outputs }
        let run = moved.apply(to: record, numbers).withUnsafeBufferPointer {
            program.run(on: $0, moved, time: time, isQuiet: true)
        }
        guard case .success(let others) = run.outputs else { return outputs }
        let side = OutputMerge.Side(outputs: outputs, standIns: .nothing)
        do throws(OutputMerge.Differ) {
            return try OutputMerge([side], spelling: OutputMerge.Side(outputs: others, standIns: moved), numbers)
                .outputs()
        } catch {
            return outputs
        }
    }
}

extension JSONMistake {
    /// What is wrong with a text that is to be JSON to the letter; `nil` = nothing.
    static func of(_ text: Bytes) -> JSONMistake? {
        do throws(JSONMistake) {
            try text.withScanner { (scanner) throws(JSONMistake) in
                _ = try scanner.value()
                try scanner.finish()
            }
            return nil
        } catch {
            return error
        }
    }
}
