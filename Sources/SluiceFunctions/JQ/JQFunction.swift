import Sluice

/// A jq program as a function of records: what it makes of each.
final class JQFunction {
    private let program: JQProgram
    private let source: [UInt8]
    private let words: JQWords

    /// - Throws: all that jq finds wrong with the program.
    init(_ source: String) throws(JQMistakes) {
        program = try JQProgram(source)
        self.source = Array(source.utf8)
        words = JQWords(source)
    }

    /// - Parameter time: what `now` is, in seconds since 1970.
    func answer(to record: Bytes, time: Double) -> RecordAnswer {
        if let problem = Self.problem(of: record) { return .failed(problem) }
        do throws(Problem) {
            let outputs = try record.withUnsafeBufferPointer { (record) throws(Problem) -> [[UInt8]] in
                if words.readsNumbers { try checkTexts(of: record, time) }
                let numbers = AwkwardNumber.all(in: record)
                guard numbers.isEmpty else { return try self.outputs(of: record, numbers, time) }
                return try run(record, time, isQuiet: false)
            }
            return .outputs(outputs.map { $0[...] })
        } catch {
            return .failed(error)
        }
    }

    /// A record that is not JSON to the letter is not left to jq, which takes more for it.
    private static func problem(of record: Bytes) -> Problem? {
        do throws(JSONMistake) {
            try record.withScanner { (scanner) throws(JSONMistake) in
                _ = try scanner.value()
                try scanner.finish()
            }
            return nil
        } catch {
            return Problem(
                reason: "it is not JSON, which a jq program is given: \(error.message)", type: "not-json",
                remedy: .reject)
        }
    }

    /// The same record comes to the same failure every time: it is not tried again.
    private func run(
        _ record: UnsafeBufferPointer<UInt8>, _ time: Double, isQuiet: Bool
    ) throws(Problem) -> [[UInt8]] {
        do throws(JQProgram.Failure) {
            return try program.run(on: record, time: time, isQuiet: isQuiet)
        } catch {
            throw Problem(reason: error.reason, type: "jq", remedy: .reject)
        }
    }
}

// MARK: Records with awkward numbers

extension JQFunction {
    private func outputs(
        of record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ time: Double
    ) throws(Problem) -> [[UInt8]] {
        let isExact = numbers.allSatisfy(\.isExact)
        let standIns = isExact ? [.none(for: numbers)] : StandIns.forInexact(numbers)
        let mentions = isExact ? [] : NumberMention.all(in: record, of: numbers)
        // A text of the program that has its digits is a text that no stand-in has.
        guard !numbers.contains(where: { !$0.isExact && source.contains($0.spelling) }) else {
            throw Self.notTold(numbers)
        }
        var runs: [[[UInt8]]] = []
        for one in standIns {
            do throws(Problem) {
                runs.append(try run(one.apply(to: record, numbers, mentions), time, isQuiet: !runs.isEmpty))
            } catch {
                // It fails for some of the stand-ins only: whether it would fail for the number cannot be told.
                throw runs.isEmpty ? error : Self.notTold(numbers)
            }
        }
        guard runs.allSatisfy({ $0.count == runs[0].count }) else { throw Self.notTold(numbers) }
        let spelling = spellingRun(record, numbers, mentions, standIns[0], time)
        let merged = merge(runs, standIns, spelling, numbers) ?? merge(runs, standIns, nil, numbers)
        guard let merged else { throw Self.notTold(numbers) }
        if !isExact, words.looksIntoTexts {
            // The texts of stand-ins are shorter than those of the numbers, and other ones.
            let texts = attempt(NumberText.apply(to: record, numbers), time)
            guard let texts, NumberText.agree(merged, texts, numbers) else { throw Self.notTold(numbers) }
        }
        return merged
    }

    /// Whether the program makes a number of a text that jq would round.
    private func checkTexts(of record: UnsafeBufferPointer<UInt8>, _ time: Double) throws(Problem) {
        let texts = NumberText.all(in: record)
        guard let first = texts.first else { return }
        let outputs = try run(record, time, isQuiet: true)
        let others = attempt(NumberText.change(texts, in: record), time)
        guard let others, NumberText.keepsNumbers(outputs, others, texts) else {
            let text = String(decoding: first.spelling.prefix(80), as: UTF8.self)
            throw Problem(
                reason: "the program may make a number of a text of the record, with `tonumber` or `fromjson`, and jq "
                    + "would round it (\"\(text)\"): pass the text on as it is", type: "jq-number", remedy: .reject)
        }
    }

    private func run(_ record: [UInt8], _ time: Double, isQuiet: Bool) throws(Problem) -> [[UInt8]] {
        try record.withUnsafeBufferPointer { (record) throws(Problem) in try run(record, time, isQuiet: isQuiet) }
    }

    /// - Returns: `nil` = the program fails.
    private func attempt(_ record: [UInt8], _ time: Double) -> [[UInt8]]? {
        do throws(Problem) {
            return try run(record, time, isQuiet: true)
        } catch {
            return nil
        }
    }

    /// `nil` = nothing can be learned from it; then exact numbers are spelled as jq does.
    private func spellingRun(
        _ record: UnsafeBufferPointer<UInt8>, _ numbers: [AwkwardNumber], _ mentions: [NumberMention],
        _ first: StandIns, _ time: Double
    ) -> (outputs: [[UInt8]], standIns: StandIns)? {
        guard let standIns = StandIns.forSpelling(numbers, like: first) else { return nil }
        return attempt(standIns.apply(to: record, numbers, mentions), time).map { ($0, standIns) }
    }

    private func merge(
        _ runs: [[[UInt8]]], _ standIns: [StandIns], _ spelling: (outputs: [[UInt8]], standIns: StandIns)?,
        _ numbers: [AwkwardNumber]
    ) -> [[UInt8]]? {
        if let spelling, spelling.outputs.count != runs[0].count { return nil }
        do throws(OutputMerge.Differ) {
            var outputs: [[UInt8]] = []
            let exact = spelling == nil ? [:] : OutputMerge.shown(numbers)
            for place in runs[0].indices {
                let sides = zip(runs, standIns).map { run, standIns in OutputMerge.Side(run[place], standIns) }
                var merge = OutputMerge(
                    sides, spelling: spelling.map { OutputMerge.Side($0.outputs[place], $0.standIns) }, numbers,
                    exact: exact)
                outputs.append(try merge.output())
            }
            return outputs
        } catch {
            return nil
        }
    }

    private static func notTold(_ numbers: [AwkwardNumber]) -> Problem {
        let inexact = numbers.filter { !$0.isExact }.map { String(decoding: $0.spelling.prefix(80), as: UTF8.self) }
        let (first, more) = (inexact.first ?? "", inexact.count - 1)
        return Problem(
            reason: "the program computes with the number \(first)\(more > 0 ? ", or one of \(more) like it," : "") or "
                + "decides by it, and jq would round it: send it as text (\"\(first)\"), or pass it on untouched",
            type: "jq-number", remedy: .reject)
    }
}
