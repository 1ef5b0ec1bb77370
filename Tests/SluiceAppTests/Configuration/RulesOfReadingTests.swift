import Foundation
import Sluice
import Testing

@testable import SluiceApp

@Suite("Rules of reading")
struct RulesOfReadingTests {
    private func read(
        _ yaml: String, environment: [String: String] = [:], secrets: Bool = true, root: String? = nil
    ) -> DefinitionResult {
        DefinitionReader(environment: environment, secrets: secrets).read(text: yaml, name: "f", root: root)
    }

    private func definition(_ more: String, to: String = "sqlite:x", queue: String = "in", table: String = "t")
        -> String
    {
        "pipeline: p\nsource: {queue: \(queue)}\ndeliver: {to: \"\(to)\", table: \(table)}\n\(more)"
    }

    @Test("a word is read by the key's type, not by YAML's guess")
    func scalars() throws {
        let result = read(definition("queue: {capacity: 007}\ndead_letters: {keep: '14d'}", queue: "NO", table: "1:30"))
        #expect(result.mistakes.map(\.description) == [])
        let pipeline = try #require(result.pipelines.first)
        #expect(pipeline.source == .queue("NO"))
        #expect(pipeline.deliver.table == "1:30")
        #expect(pipeline.queue.settings.capacity == 7)
        #expect(pipeline.deadLetters.keep == .days(14))
    }

    @Test("MB is 2^20, and check --explain prints the bytes")
    func bytes() throws {
        let result = read(definition("max_record: 1MB"))
        #expect(try #require(result.pipelines.first).maxRecord.bytes == 1_048_576)
        #expect(result.explanation.contains("max_record                    1MB (1048576 bytes)"))
    }

    @Test("interpolation stays inside one scalar")
    func interpolation() throws {
        let environment = ["DB": "a: {b}\n- c", "EMPTY": ""]
        let yaml = definition("id: '$.x'", to: "sqlite:${DB}/${NONE:-d e}/${EMPTY:-f}/${EMPTY}$${DB}/$x")
        let result = read(yaml, environment: environment)
        #expect(result.mistakes.map(\.description) == [])
        #expect(try #require(result.pipelines.first).deliver.to == .sqlite("a: {b}\n- c/d e/f/${DB}/$x"))
    }

    @Test("all missing names are told at once, and --no-secrets checks without them")
    func missing() {
        let yaml = definition("dead_letters: {keep: '${KEEP}'}", to: "sqlite:${A}${B}", table: "'${file:/none}'")
        #expect(
            read(yaml).mistakes.map(\.description) == [
                "f:3:15: deliver.to: ${A} is not set; set the variable, or write a default: ${A:-…}",
                "f:3:15: deliver.to: ${B} is not set; set the variable, or write a default: ${B:-…}",
                "f:3:41: deliver.table: ${file:/none}: there is no such file; expected the path of a file",
                "f:4:22: dead_letters.keep: ${KEEP} is not set; set the variable, or write a default: ${KEEP:-…}",
            ])
        let unchecked = read(yaml + "\nfoo: 1", secrets: false)
        #expect(unchecked.mistakes.map(\.description).map { $0.prefix(24) } == ["f:5:1: unknown key 'foo'"])
        #expect(unchecked.definitions.map(\.isComplete) == [false])
    }

    @Test("a reference that is none is a mistake", arguments: ["${}", "${1A}", "${a-b}", "${A:-${B}}", "${env:A}"])
    func noReference(_ reference: String) {
        let result = read(definition("", to: "sqlite:\(reference)"))
        #expect(result.mistakes.count == 1)
        #expect(result.mistakes.first?.problem.hasSuffix("is not a reference") == true)
    }

    @Test("what came from a file or a credential is shown nowhere")
    func secrets() throws {
        let folder = try DefinitionFolder()
        try folder.write("hunter2\n", to: "password")
        try folder.write("s3cr3t", to: "key")
        let environment = ["CREDENTIALS_DIRECTORY": folder.path, "URL": "http://u:pw9876@h/"]
        let yaml = definition(
            "id: ${URL}\nmax_record: ${file:password}", to: "sqlite:${credential:key}.db", table: "'${file:password}'")
        let result = read(yaml, environment: environment, root: folder.path)
        #expect(result.definitions.first?.pipeline.deliver.to == .sqlite("s3cr3t.db"))
        #expect(result.definitions.first?.pipeline.deliver.table == "hunter2")
        let shown = result.mistakes.map(\.description).joined() + result.explanation
        for secret in ["hunter2", "s3cr3t", "pw9876"] { #expect(!shown.contains(secret)) }
        #expect(
            result.masker.mask("cannot open s3cr3t.db of hunter2 at x://me:pw@host")
                == "cannot open ***.db of *** at x://me:***@host")
        #expect(
            result.mistakes.map(\.description).contains { $0.hasPrefix("f:5:13: max_record: '(hidden)' is not a size") }
        )
    }

    @Test("a credential cannot climb out of its folder")
    func credentialNames() {
        for name in ["../x", "a/b", "..", ""] {
            let result = read(
                definition("", to: "sqlite:${credential:\(name)}"), environment: ["CREDENTIALS_DIRECTORY": "/"])
            #expect(result.mistakes.first?.problem.hasSuffix("is no name of a credential") == true)
        }
    }

    @Test("relative paths are relative to the file")
    func relativePaths() throws {
        let folder = try DefinitionFolder()
        try folder.write(definition("", to: "sqlite:../out/shop.db"), to: "defs/a.yaml")
        let result = DefinitionReader(environment: [:]).read([folder.path + "/defs/a.yaml"])
        #expect(result.mistakes.map(\.description) == [])
        let pipeline = try #require(result.pipelines.first)
        #expect(pipeline.deliver.to == .sqlite("../out/shop.db"))
        #expect(pipeline.resolved("../out/shop.db") == folder.path + "/out/shop.db")
    }

    @Test("the code of a function is where the definition says, else in its own folder")
    func codeFolder() throws {
        let folder = try DefinitionFolder()
        try folder.write(definition("transform: {command: [./run], code: ../lib}"), to: "defs/a.yaml")
        try folder.write(
            definition("transform: {command: [./run]}", queue: "b").replacing("pipeline: p", with: "pipeline: q"),
            to: "defs/b.yaml")
        let result = DefinitionReader(environment: [:]).read([folder.path + "/defs"])
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.pipelines.map(\.codeFolder) == [folder.path + "/lib", folder.path + "/defs"])
    }

    @Test("several documents are several pipelines; x- keys, anchors and merges work; empty documents are nothing")
    func documents() throws {
        let yaml = """
            x-defaults: &defaults
              unknown_here: is ignored
            pipeline: a
            source: {queue: a-in}
            deliver: &sink
              to: sqlite:x
              table: t
              concurrency: 3
            ---
            pipeline: b
            source: {queue: b-in}
            deliver:
              <<: [{table: u, concurrency: 2}, {to: sqlite:y, table: v}]
              concurrency: 9
            ---
            """
        let result = read(yaml)
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.pipelines.map(\.name) == ["a", "b"])
        let second = try #require(result.pipelines.last).deliver
        #expect(second.to == .sqlite("y"))
        #expect(second.table == "u")
        #expect(second.concurrency == 9)
    }

    @Test("a subject is written in three ways")
    func subjects() {
        func subject(_ text: String) -> [String: SubjectPath]? { read(definition(text)).pipelines.first?.subject }
        #expect(subject("subject: $.x") == ["subject": SubjectPath(["$.x"])])
        #expect(subject("subject: [$.x, $.y]") == ["subject": SubjectPath(["$.x", "$.y"])])
        #expect(
            subject("subject: {a: $.x, b: [$.y, $.z]}")
                == ["a": SubjectPath(["$.x"]), "b": SubjectPath(["$.y", "$.z"])])
        #expect(
            subject("subject: {a: {path: $.x, normalise: trim}}") == ["a": SubjectPath(["$.x"], normalise: [.trim])])
    }

    @Test("what a delivery's queue does not say is as the pipeline's queues have it")
    func queueOverrides() throws {
        let yaml = """
            pipeline: p
            source: {queue: in}
            queue: {max_receive_count: 3, visibility_timeout: 1m}
            deliver: {to: sqlite:x, table: t, queue: {capacity: 50, visibility_timeout: auto}}
            """
        let settings = try #require(read(yaml).pipelines.first).deliverySettings
        #expect(settings == QueueSettings(maxReceiveCount: 3, visibilityTimeout: nil, capacity: 50))
    }

    @Test("a folder is its YAML files by name, and a file named twice is read once")
    func folders() throws {
        let folder = try DefinitionFolder()
        for name in ["b", "a"] {
            try folder.write(
                "pipeline: \(name)\nsource: {queue: \(name)-in}\ndeliver: {to: sqlite:x, table: t}", to: "\(name).yaml")
        }
        try folder.write("{", to: "notes.txt")
        let result = DefinitionReader(environment: [:]).read([folder.path, folder.path + "/./a.yaml"])
        #expect(result.mistakes.map(\.description) == [])
        #expect(result.pipelines.map(\.name) == ["a", "b"])
    }

    @Test("a file that cannot be read is a mistake with its path")
    func unreadable() throws {
        let folder = try DefinitionFolder()
        try folder.write("", to: "sub/.keep")
        try folder.write(String(repeating: "#", count: (1 << 20) + 1), to: "large.yaml")
        let paths = ["none.yaml", "sub", "large.yaml"].map { "\(folder.path)/\($0)" } + ["/dev/zero"]
        #expect(
            DefinitionReader(environment: [:]).read(paths).mistakes.map(\.description) == [
                "\(folder.path)/sub: the folder has no definition; expected files that end in .yaml or .yml",
                "\(folder.path)/none.yaml: there is no such file; expected the path of a file",
                "\(folder.path)/large.yaml: the file is larger than 1MB; expected a smaller one",
                "/dev/zero: it is not a file; expected a regular file",
            ])
    }
}

/// A folder of its own for a test, gone with it.
final class DefinitionFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ text: String, to name: String) throws {
        let url = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }
}
