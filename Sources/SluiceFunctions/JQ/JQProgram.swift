import CJQ
import Sluice

/// A compiled jq program. One thread uses it at a time.
final class JQProgram {
    /// Why a run gave nothing: what the program says, or what is wrong with what it did.
    struct Failure: Error, Hashable {
        var reason: String
    }

    private let program: OpaquePointer
    private let source: [UInt8]
    private let host = JQHost()

    /// Lambda's limit of an answer: outputs without end must not fill the memory first. In bytes.
    static let mostOutput = ByteCount.megabytes(6).bytes

    /// - Parameter keepsDigits: texts that it makes of numbers have the digits of the record where a run has stand-ins.
    /// - Throws: all that jq finds wrong with it.
    init(_ source: String, keepsDigits: Bool = false) throws(JQMistakes) {
        if let missing = JQLibrary.open() { throw JQMistakes(list: [missing]) }
        let literals = JQLiterals.mistakes(in: source)
        guard literals.isEmpty else { throw JQMistakes(list: literals) }
        self.source = Array(source.utf8)
        program = cjq_new()
        let messages = JQMessages()
        let prelude = JQPrelude.text(keepsDigits: keepsDigits)
        let compiles = (prelude + source).withCString {
            cjq_compile(
                program, $0, { context, message in JQMessages.at(context)?.add(JQValue(taking: message)) },
                Unmanaged.passUnretained(messages).toOpaque())
        }
        guard compiles else { throw JQMistakes(messages.texts, in: source, behind: prelude) }
        cjq_set_callbacks(
            program, { _, context in JQHost.at(context)?.input() ?? cjq_failure("there is no input") },
            { context, message in
                JQHost.at(context)?.take(JQValue(taking: message))
            },
            { context, message in JQHost.at(context)?.log(JQValue(taking: message)) },
            Unmanaged.passUnretained(host).toOpaque())
    }

    deinit { cjq_delete(program) }

    /// What became of one run.
    struct Run {
        var outputs: Result<[[UInt8]], Failure>
        /// Of all texts that the program made of values: the same for two runs in which they were the same.
        var texts: Int
        /// Numbers in texts that the program made numbers of, and that jq may have rounded.
        var rounded: [AwkwardNumber]
        /// A text like that, in which the number cannot be told.
        var unclear: String?
    }

    /// Runs it on one JSON text.
    /// - Parameters:
    ///   - standIns: what stands for numbers in it.
    ///   - time: what `now` is, in seconds.
    ///   - isQuiet: `debug` writes nothing, because it has already written it for this record.
    func run(
        on text: UnsafeBufferPointer<UInt8>, _ standIns: StandIns = .nothing, time: Double, isQuiet: Bool = false
    ) -> Run {
        host.begin(standIns, time: time, isQuiet: isQuiet)
        let result: Result<[[UInt8]], Failure>
        do throws(Failure) { result = .success(try outputs(of: text)) } catch { result = .failure(error) }
        return Run(outputs: result, texts: host.texts.finalize(), rounded: host.rounded, unclear: host.unclear)
    }

    private func outputs(of text: UnsafeBufferPointer<UInt8>) throws(Failure) -> [[UInt8]] {
        let input = JQValue(parsing: text)
        guard input.isValid else {
            throw Failure(reason: "jq cannot read it: \(input.failure() ?? "it is empty")")
        }
        cjq_start(program, input.take())
        var outputs: [[UInt8]] = []
        var room = Self.mostOutput
        while true {
            let output = JQValue(taking: cjq_next(program))
            guard output.isValid else {
                if let failure = output.failure(host.standIns) { throw Failure(reason: failure) }
                return outputs
            }
            let bytes = output.json { Array($0) }
            room -= bytes.count
            guard room >= 0 else {
                throw Failure(reason: "the program makes more than \(Self.mostOutput) bytes of it")
            }
            if source.withUnsafeBufferPointer({ JQDepth.isExceeded(in: bytes, text, $0) }) {
                throw Failure(reason: "the program makes values that are nested too deep for jq to write them")
            }
            outputs.append(bytes)
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
