import CJQ
import Foundation
import Sluice

/// A compiled jq program. One thread uses it at a time.
final class JQProgram {
    /// Why a run gave nothing: what the program says, or what is wrong with what it did.
    struct Failure: Error, Hashable {
        var reason: String
    }

    private let program: OpaquePointer
    private let host = JQHost()

    /// Lambda's limit of an answer: outputs without end must not fill the memory first. In bytes.
    static let mostOutput = ByteCount.megabytes(6).bytes

    /// - Throws: all that jq finds wrong with it.
    init(_ source: String) throws(JQMistakes) {
        if let missing = JQLibrary.open() { throw JQMistakes(list: [missing]) }
        let literals = JQLiterals.mistakes(in: source)
        guard literals.isEmpty else { throw JQMistakes(list: literals) }
        program = cjq_new()
        let messages = JQMessages()
        let compiles = JQPrelude.apply(source).withCString {
            cjq_compile(
                program, $0, { context, message in JQMessages.at(context)?.add(JQValue(taking: message)) },
                Unmanaged.passUnretained(messages).toOpaque())
        }
        guard compiles else { throw JQMistakes(messages.texts, in: source) }
        cjq_set_callbacks(
            program, { _, context in JQHost.at(context)?.input() ?? cjq_failure("there is no input") },
            { context, message in
                JQHost.at(context)?.log(JQValue(taking: message), before: "[\"DEBUG:\",", after: "]\n")
            },
            { context, message in JQHost.at(context)?.log(JQValue(taking: message)) },
            Unmanaged.passUnretained(host).toOpaque())
    }

    deinit { cjq_delete(program) }

    /// Runs it on one JSON text.
    /// - Parameters:
    ///   - time: what `now` is, in seconds.
    ///   - isQuiet: `debug` writes nothing, because it has already written it for this record.
    func run(
        on text: UnsafeBufferPointer<UInt8>, time: Double, isQuiet: Bool = false
    ) throws(Failure) -> [[UInt8]] {
        let input = JQValue(parsing: text)
        guard input.isValid else {
            throw Failure(reason: "jq cannot read it: \(input.failure() ?? "it is empty")")
        }
        host.time = time
        host.isQuiet = isQuiet
        cjq_start(program, input.take())
        var outputs: [[UInt8]] = []
        var room = Self.mostOutput
        while true {
            let output = JQValue(taking: cjq_next(program))
            guard output.isValid else {
                if let failure = output.failure() { throw Failure(reason: failure) }
                return outputs
            }
            let bytes = output.json { Array($0) }
            guard !Self.isCut(bytes) else {
                throw Failure(reason: "the program makes values that are nested too deep for jq to write them")
            }
            room -= bytes.count
            guard room >= 0 else {
                throw Failure(reason: "the program makes more than \(Self.mostOutput) bytes of it")
            }
            outputs.append(bytes)
        }
    }

    /// What jq writes in place of what is nested too deep, which is no JSON.
    private static let cut = Array("<stripped: exceeds max depth>".utf8)

    private static func isCut(_ bytes: [UInt8]) -> Bool {
        // Nothing that is nested so deep is shorter.
        guard bytes.count > 256, bytes.contains(UInt8(ascii: "<")), bytes.contains(cut) else { return false }
        do throws(JSONMistake) {
            try bytes[...].withScanner { (scanner) throws(JSONMistake) in
                _ = try scanner.value()
                try scanner.finish()
            }
            return false
        } catch {
            return true
        }
    }

    /// A number as jq writes it.
    static func text(ofNumber spelling: [UInt8]) -> [UInt8] {
        spelling.withUnsafeBufferPointer { JQValue(parsing: $0).json { Array($0) } }
    }
}

/// libjq itself, which is opened when a definition needs it.
enum JQLibrary {
    /// - Returns: what is missing; `nil` = it is open.
    static func open() -> JQMistake? {
        guard let problem = cjq_open() else { return nil }
        return JQMistake(
            "libjq, which runs jq programs, cannot be opened: \(String(cString: problem))",
            remedy: "apt-get install libjq1")
    }
}

/// What a running program asks its host for.
private final class JQHost {
    var time = 0.0
    var isQuiet = false

    static func at(_ context: UnsafeMutableRawPointer?) -> JQHost? {
        context.map { Unmanaged<JQHost>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The prelude's `now`; a program's own `input` does not reach it.
    func input() -> cjq_value { cjq_number(time) }

    /// As jq itself writes it: `debug` a line, `stderr` the value alone.
    func log(_ message: consuming JQValue, before: String = "", after: String = "") {
        guard !isQuiet else { return }
        FileHandle.standardError.write(Data(before.utf8) + message.json { Data($0) } + Data(after.utf8))
    }
}
