import CJQ
import Foundation
import Sluice

/// What a running program asks its host for.
final class JQHost {
    var time = 0.0
    /// `debug` writes nothing.
    var isQuiet = false
    /// What stands for the inexact numbers in this run.
    var standIns = StandIns.nothing

    /// All texts that the program made of values in this run, in their order. Where they differ from those of another
    /// run, the program makes a text of what it has computed from an inexact number.
    private(set) var texts = Hasher()
    /// Numbers in texts that the program made numbers of, which nothing stands for: jq would round them.
    private(set) var rounded: [AwkwardNumber] = []
    /// A text of the same kind, in which the number is not written as in JSON.
    private(set) var unclear: String?
    /// To the question of this moment; taken by `input`.
    private var answer: cjq_value?

    deinit { forget() }

    private func forget() {
        if let answer { cjq_free(answer) }
        answer = nil
    }

    static func at(_ context: UnsafeMutableRawPointer?) -> JQHost? {
        context.map { Unmanaged<JQHost>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Before each run.
    func begin(_ standIns: StandIns, time: Double, isQuiet: Bool) {
        self.standIns = standIns
        self.time = time
        self.isQuiet = isQuiet
        (texts, rounded, unclear) = (Hasher(), [], nil)
        forget()
    }

    /// The answer to a question, or what `now` is; a program's own `input` does not reach it.
    func input() -> cjq_value {
        defer { answer = nil }
        return answer ?? cjq_number(time)
    }

    /// A question of the prelude, or what the program has to say.
    func take(_ message: consuming JQValue) {
        guard let question = message.question else {
            log(message, before: "[\"DEBUG:\",", after: "]\n")
            return
        }
        forget()
        let value = message.element(1)
        if question == .numbers, value.isString {
            answer = JQValue(text: value.withText { numbers(in: $0) }).take()
        } else {
            answer = JQValue(text: json(value)).take()
        }
    }

    private func json(_ value: consuming JQValue) -> [UInt8] {
        let text = value.json { standIns.restored($0) }
        texts.combine(text)
        return text
    }

    /// The text that is to become a number, with what stands for its inexact numbers.
    private func numbers(in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let inexact = AwkwardNumber.all(in: text).filter { !$0.isExact }
        // Of what jq does not read nothing is rounded.
        guard !inexact.isEmpty, JQValue(parsing: text).isValid else { return Array(text) }
        var result: [UInt8] = []
        var end = 0
        for number in inexact {
            guard let range = number.range, number.isJSON, Self.mayPrecede(range.lowerBound, text) else {
                unclear = String(decoding: text.prefix(80), as: UTF8.self)
                return Array(text)
            }
            result.append(contentsOf: text[end..<range.lowerBound])
            end = range.upperBound
            if let standIn = standIns.standIn(for: number.decimal) {
                result.append(contentsOf: standIn)
            } else {
                rounded.append(number)
                result.append(contentsOf: number.spelling)
            }
        }
        result.append(contentsOf: text[end...])
        return result
    }

    /// Whether a number can begin here: jq takes `.5` and `+5` as well, which the scan for numbers does not know.
    private static func mayPrecede(_ place: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard place > 0 else { return true }
        return " \t\r\n[,:".utf8.contains(text[place - 1])
    }

    /// As jq itself writes it: `debug` a line, `stderr` the value alone.
    func log(_ message: consuming JQValue, before: String = "", after: String = "") {
        guard !isQuiet else { return }
        let json = message.json { standIns.restored($0) }
        FileHandle.standardError.write(Data(before.utf8) + Data(json) + Data(after.utf8))
    }
}

extension JQValue {
    /// The question that a message of a program is; `nil` = it is none.
    fileprivate var question: JQPrelude.Question? {
        guard arrayLength == 2 else { return nil }
        let first = element(0)
        guard first.isString else { return nil }
        return first.withText { bytes in
            JQPrelude.Question.allCases.first { $0.word.utf8.elementsEqual(bytes) }
        }
    }
}
