import Foundation
import Logging
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

@Suite("The files of a log")
struct LogFilesTests {
    private let folder = LogTestFolder()
    private let clock = ManualClock()

    private func entry(_ message: String, _ kind: LogEntry.Kind = .step, of pipeline: String = "orders") -> LogEntry {
        LogEntry(time: clock.now, pipeline: pipeline, step: "transform", kind: kind, level: .info, message: message)
    }

    private func start(secrets: Secrets = Secrets()) -> LogWriter {
        LogWriter.start(folder: folder.path, clock: clock, logger: TemporaryEngine.quiet(), secrets: { secrets })
    }

    private func write(_ entries: [LogEntry], _ logs: Logs = Logs(), secrets: Secrets = Secrets()) async {
        let writer = start(secrets: secrets)
        writer.keep(logs, of: "orders")
        for entry in entries { writer.write(entry) }
        await writer.close()
    }

    private func read(since: Timestamp? = nil, of pipeline: String = "orders") throws -> (
        entries: [LogEntry], unreadable: Int
    ) {
        var cursor = LogCursor(pipeline: pipeline, dataFolder: folder.path, since: since)
        var entries: [LogEntry] = []
        while let more = try cursor.next() { entries += more }
        return (entries, cursor.unreadable)
    }

    @Test("an entry is read as it was written, whatever is in it")
    func roundTrip() async throws {
        var full = entry("a \"line\"\nwith \\ \u{0} \u{1B}[2J \u{7F} \u{2028} 🙂\t", .report)
        full.requestID = "id"
        full.stream = "2026/11/26/[1]ab"
        full.fields = ["n": .number(12.34), "whole": 13, "big": .number(1e300), "text": "x\ny", "": ""]
        full.records = RecordMarks(marks: [0, 1, .max, 42], names: [7, 0, 0, .max])
        full.level = .error
        var bare = entry("")
        bare.step = nil
        let long = entry(String(repeating: "ü", count: 128 << 10))
        await write([full, bare, long])
        #expect(try read().entries == [full, bare, long])
        #expect(try read().unreadable == 0)
    }

    @Test("the order is that of writing over hours, restarts and a clock that goes back; files before are not read")
    func order() async throws {
        await write([entry("1")])
        clock.advance(by: .minutes(10))
        await write([entry("2")])
        #expect(try folder.files("orders").count == 1, "the same hour is the same file")
        clock.advance(by: .hours(5))
        await write([entry("3")])
        let since = clock.now
        clock.advance(by: .hours(-2))
        await write([entry("4")])
        clock.advance(by: .hours(9))
        await write([entry("5")])
        #expect(try read().entries.map(\.message) == ["1", "2", "3", "4", "5"])
        #expect(try folder.files("orders").map(\.number) == [1, 2, 3, 4])
        #expect(try read(since: since).entries.map(\.message) == ["3", "4", "5"])
        #expect(try read(since: clock.now).entries.map(\.message) == ["5"])
    }

    @Test("a reader that is at the end goes on with what comes, in the next file as well")
    func following() async throws {
        var cursor = LogCursor(pipeline: "orders", dataFolder: folder.path, since: nil)
        #expect(try cursor.next() == nil, "there is nothing yet")
        await write([entry("1")])
        #expect(try cursor.next()?.map(\.message) == ["1"])
        #expect(try cursor.next() == nil)
        await write([entry("2")])
        #expect(try cursor.next()?.map(\.message) == ["2"])
        clock.advance(by: .hours(1))
        await write([entry("3")])
        #expect(try cursor.next()?.map(\.message) == ["3"])
        #expect(try cursor.next() == nil)
    }

    @Test("it can begin with the last files, and says whether there was more")
    func lastFiles() async throws {
        for number in 1...3 {
            await write([entry("\(number)")])
            clock.advance(by: .hours(1))
        }
        for (files, expected) in [(1, ["3"]), (2, ["2", "3"]), (3, ["1", "2", "3"]), (9, ["1", "2", "3"])] {
            var cursor = LogCursor(pipeline: "orders", dataFolder: folder.path, since: nil, lastFiles: files)
            var messages: [String] = []
            while let more = try cursor.next() { messages += more.map(\.message) }
            #expect(messages == expected)
            #expect(cursor.hasAll == (files >= 3))
        }
    }

    @Test("half a line, as a kill leaves it, is left out and counted, and what comes after it is read")
    func halfALine() async throws {
        await write([entry("1")])
        let path = try folder.paths("orders")[0]
        try append(#"{"time":1767225600000,"message":"ha"#, to: path)
        #expect(try read().entries.map(\.message) == ["1"])
        await write([entry("2")])
        #expect(try read().entries.map(\.message) == ["1", "2"])
        #expect(try read().unreadable == 1)
        try append("\u{FFFD}\n[]\n{\"message\":\"no time\"}\n\n{}\n", to: path)
        #expect(try read().unreadable == 5)
    }

    private func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    @Test("what is older than is kept goes, while the writer runs, and each pipeline has its own time")
    func retention() async throws {
        let writer = start()
        writer.keep(Logs(keep: .days(1)), of: "orders")
        writer.keep(Logs(keep: .days(3)), of: "other")
        writer.write(entry("1"))
        writer.write(entry("2", of: "other"))
        try await folder.wait { try $0.files("other").count == 1 && $0.files("orders").count == 1 }
        clock.advance(by: .days(1))
        writer.write(entry("3", of: "other"))
        try await folder.wait { try $0.files("other").count == 2 }
        #expect(try folder.files("orders").count == 1, "its hour is not over that long")
        clock.advance(by: .hours(1))
        try await folder.wait { try $0.files("orders").isEmpty }
        #expect(try folder.files("other").count == 2)
        await writer.close()
    }

    @Test("the log of a pipeline that is not run any more is kept as long as it was said to be")
    func former() async throws {
        await write([entry("1")], Logs(keep: .days(2)))
        clock.advance(by: .days(1))
        await LogTestFolder.runOnce(start())
        #expect(try folder.files("orders").count == 1)
        clock.advance(by: .days(2))
        let writer = start()
        try await folder.wait { try $0.files("orders").isEmpty }
        await writer.close()
    }

    @Test("beyond `max_size` the oldest files go, and no file is a large part of it")
    func size() async throws {
        let writer = start()
        writer.keep(Logs(maxSize: .megabytes(1)), of: "orders")
        for number in 0..<20 {
            writer.write(entry("\(number) " + String(repeating: "x", count: 100_000)))
            try await folder.wait { try $0.lastText("orders").contains("\(number) x") }
        }
        await writer.close()
        let sizes = try folder.paths("orders").map { try folder.size(of: $0) }
        #expect(sizes.reduce(0, +) <= 1 << 20 + 1 << 17)
        #expect(sizes.reduce(0, +) > 1 << 19)
        #expect(try read().entries.last?.message.hasPrefix("19 ") == true)
        #expect(try read().entries.first?.message.hasPrefix("0 ") == false)
    }

    @Test("what comes faster than it is written is dropped and counted: nothing is missing without a word")
    func overflow() async throws {
        let count = 30_000
        let text = String(repeating: "x", count: 1_000)
        let writer = start()
        for number in 0..<count { writer.write(entry(text, number % 1_000 == 0 ? .report : .output)) }
        // What was dropped last is said with what comes next.
        try await Task.sleep(for: .milliseconds(200))
        writer.write(entry("the last"))
        await writer.close()
        let entries = try read().entries
        let said = entries.filter { $0.message.contains("lines were not kept: they came faster") }
        let dropped = said.reduce(0) { sum, entry in sum + (entry.fields["lines"].flatMap { Int($0.text) } ?? 0) }
        #expect(entries.count - said.count + dropped == count + 1)
        #expect(dropped > 0)
        #expect(entries.count { $0.kind == .report } == count / 1_000, "there is room left for them")
        #expect(entries.count { $0.message == "the last" } == 1)
    }

    @Test("a log that cannot be written costs lines, which are counted and said when it can be written again")
    func obstacle() async throws {
        try folder.make("logs")
        try folder.makeFile("logs/orders")
        let writer = start()
        for number in 0..<10 { writer.write(entry("\(number)")) }
        writer.write(entry("elsewhere", of: "other"))
        try await folder.wait { try $0.lastText("other").contains("elsewhere") }
        try folder.remove("logs/orders")
        writer.write(entry("again"))
        await writer.close()
        let entries = try read().entries
        #expect(entries.map(\.message).contains("again"))
        let lost = entries.first { $0.message.hasPrefix("10 lines were not kept: ") }
        #expect(lost?.fields["lines"] == 10)
        #expect(lost?.level == .warning)
    }

    @Test("a secret is masked in the text and in the fields")
    func secrets() async throws {
        var secrets = Secrets()
        secrets.insert("hunter2")
        var secret = entry("the password is hunter2")
        secret.fields = ["errorMessage": "no hunter2"]
        await write([secret], secrets: secrets)
        #expect(try read().entries.first?.message == "the password is ***")
        #expect(try read().entries.first?.fields["errorMessage"] == "no ***")
    }

    @Test("half of a secret is masked in a line that was cut, and in a trace")
    func halves() async throws {
        var secrets = Secrets()
        secrets.insert("hunter2-hunter2")
        var long = entry("the password is hunter2", .output)
        long.fields = ["bytesCut": 100]
        var failed = entry("no hunter2-h…", .error)
        failed.fields = ["stackTrace": "one hunter2-…\ntwo"]
        await write([long, failed, entry("killed at hunter2-h", .output)], secrets: secrets)
        let entries = try read().entries
        #expect(entries.map(\.message) == ["the password is ***", "no ***…", "killed at ***"])
        #expect(entries.dropFirst().first?.fields["stackTrace"] == "one ***…\ntwo")
    }

    @Test("what could not be written until the end is said on stderr")
    func lostAtTheEnd() async throws {
        try folder.make("logs")
        try folder.makeFile("logs/orders")
        let log = RecordingLog(lines: RecordingLog.Lines())
        let logger = Logger(label: "test") { _ in log }
        let writer = LogWriter.start(folder: folder.path, clock: clock, logger: logger) { Secrets() }
        for number in 0..<10 { writer.write(entry("\(number)")) }
        await writer.close()
        let said = log.lines.all.filter { $0.contains("lines of the log were not kept") }
        #expect(said.count == 1 && said[0].contains("lines=10") && said[0].contains("pipeline=orders"))
    }

    @Test("how long lines are kept holds at once for the time when the pipeline does not run")
    func notedAtOnce() async throws {
        await write([entry("1")], Logs(keep: .days(1)))
        let writer = start()
        writer.keep(Logs(keep: .days(3)), of: "orders")
        await writer.close()
        #expect(try PipelineLogFiles(keptIn: folder.path + "/logs/orders").logs.keep == .days(3))
    }

    @Test("of a write that fails half-way the whole lines are known")
    func halfWritten() throws {
        let pipe = Pipe()
        let (reader, writer) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
        try #require(fcntl(writer.fileDescriptor, F_SETFL, O_NONBLOCK) == 0)
        let line = Array(String(repeating: "x", count: 999).utf8) + [UInt8(ascii: "\n")]
        // More than a pipe takes, whose size is up to the kernel.
        let lines = Array(repeatElement(line, count: 5_000).joined())
        let write = LineWrite(of: lines, to: writer.fileDescriptor)
        #expect(write.bytes > 0 && write.bytes < lines.count)
        let failure = try #require(write.failure)
        #expect(failure.linesWritten == write.bytes / 1_000 && failure.linesWritten > 0)
        withExtendedLifetime(reader) {}
    }

    @Test("nobody else can read them")
    func rights() async throws {
        await write([entry("1")])
        let path = try folder.paths("orders")[0]
        let file = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(file == 0o600)
        let parent = (path as NSString).deletingLastPathComponent
        #expect(try FileManager.default.attributesOfItem(atPath: parent)[.posixPermissions] as? Int == 0o700)
    }

    @Test("a name of a file says its place and its hour, and nothing else is such a name")
    func names() {
        let name = LogFileName(number: 123, hour: Hour.of(Timestamp(milliseconds: 1_767_225_600_000)) + 7)
        #expect(name.text == "00000123-2026-01-01T07.jsonl")
        #expect(LogFileName(name.text) == name)
        #expect(LogFileName(number: 123_456_789, hour: -1).text == "123456789-1969-12-31T23.jsonl")
        for other in [
            "keep", "123-2026-01-01T07.jsonl", "00000123-2026-01-01T24.jsonl", "00000000-2026-01-01T07.jsonl",
        ] {
            #expect(LogFileName(other) == nil)
        }
    }
}
