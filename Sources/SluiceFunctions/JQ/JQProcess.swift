import CJQ
import Foundation
import Sluice

/// The process of a `jq:` function: our own executable again, under a word that no help shows, as a client of the Lambda
/// Runtime API around libjq.
package enum JQProcess {
    /// First arguments of the executable.
    static let (runs, checks) = ("jq-runtime", "jq-check")
    /// The program is in Lambda's variable for the handler: unlike an argument, nobody else can read it.
    static let program = "_HANDLER"
    /// What the definition's `environment:` has, which alone `$ENV` shows, is handed over under names of its own.
    static let prefix = "JQ_ENV_"

    /// Runs this process as that of a function, if its arguments say so.
    /// - Returns: its exit status; `nil` = it is no such process.
    package static func run(_ arguments: [String]) -> Int32? {
        switch arguments {
        case [runs]: run()
        case [checks]: check()
        default: nil
        }
    }

    private static func run() -> Int32 {
        let variables = ProcessInfo.processInfo.environment
        do throws(RuntimeAPIClient.Lost) {
            var client = try RuntimeAPIClient(variables["AWS_LAMBDA_RUNTIME_API"] ?? "")
            do throws(JQMistakes) {
                return serve(try confined(variables), client)
            } catch {
                try client.initError(report(error))
                return 1
            }
        } catch {
            return failed("\(error)")
        }
    }

    /// Answers one invocation after the other, until the host is gone.
    private static func serve(_ function: JQFunction, _ client: consuming RuntimeAPIClient) -> Int32 {
        do throws(RuntimeAPIClient.Lost) {
            while true {
                let invocation = try client.next()
                try client.respond(invocation.id, answer(to: invocation.event, function))
            }
        } catch {
            return 0
        }
    }

    static func answer(to event: [UInt8], _ function: JQFunction) -> [UInt8] {
        let time = Double(Timestamp.wall.milliseconds) / 1_000
        var records = FrameReader(event[...])
        var answers: [RecordAnswer] = []
        do throws(FrameReader.Broken) {
            while let record = try records.record() { answers.append(function.answer(to: record, time: time)) }
        } catch {
            // The host sees that answers are missing, and which batch it was.
            return Frames.answer(answers)
        }
        return Frames.answer(answers)
    }

    /// Compiles the program and writes what is wrong with it, as JSON.
    private static func check() -> Int32 {
        var mistakes = JQMistakes(list: [])
        do throws(JQMistakes) { _ = try confined(ProcessInfo.processInfo.environment) } catch { mistakes = error }
        do {
            FileHandle.standardOutput.write(try JSONEncoder().encode(mistakes))
            return 0
        } catch {
            return failed("\(error)")
        }
    }

    /// The program, compiled after this process has lost what it does not need: before that libjq must be open, and
    /// the time zone known, because both are files.
    private static func confined(_ variables: [String: String]) throws(JQMistakes) -> JQFunction {
        if let missing = JQLibrary.open() { throw JQMistakes(list: [missing]) }
        var own = ["TZ": ":UTC"]
        for (name, value) in variables where name.hasPrefix(prefix) {
            own[String(name.dropFirst(prefix.count))] = value
        }
        let program = variables[program] ?? ""
        let texts = own.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count)
        list.initialize(from: texts, count: texts.count)
        guard cjq_confine(list) else {
            throw JQMistakes(list: [JQMistake("its process cannot be confined: \(String(cString: strerror(errno)))")])
        }
        return try JQFunction(program)
    }

    private static func report(_ mistakes: JQMistakes) -> [UInt8] {
        let fields = ["errorMessage": "\(mistakes)", "errorType": "Runtime.UserCodeSyntaxError"]
        do { return Array(try JSONEncoder().encode(fields)) } catch { return [] }
    }

    private static func failed(_ reason: String) -> Int32 {
        FileHandle.standardError.write(Data("\(reason)\n".utf8))
        return 1
    }
}
