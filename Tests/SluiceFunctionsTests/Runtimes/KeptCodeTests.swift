import Foundation
import Sluice
import Testing

@testable import SluiceFunctions

@Suite("Code that is kept by version")
struct KeptCodeTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-kept-\(UUID())").path

    private func pipeline(_ transform: Transform) -> Pipeline {
        Pipeline(
            name: "orders", source: .queue("in"), transform: transform,
            deliver: Deliver(to: .sqlite("x.db"), table: "t"), root: folder)
    }

    private func write(_ text: String, to name: String) throws {
        let url = URL(filePath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func remove() {
        do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }

    @Test("a handler's folder is copied without data and caches, and is what it was under its version")
    func handler() throws {
        try write("a = 1", to: "fn/h.py")
        try write("b = 1", to: "fn/lib/b.py")
        try write("x", to: "fn/data.jsonl")
        try write("", to: "fn/.venv/bin/python3")
        defer { remove() }
        let transform = Transform(handler: "h.handler", runtime: "python3", code: "fn")
        let definition = pipeline(transform)
        let kept = KeptCode(folder: "\(folder)/data")
        let version = try CodeVersion.of(folder: "\(folder)/fn", running: transform)
        #expect(try kept.keep(version, transform, of: definition) == nil)
        #expect(try kept.keep(version, transform, of: definition) == nil, "once is enough")
        try write("a = 2", to: "fn/h.py")
        let former = try #require(try kept.pipeline(definition, running: version))
        let code = try #require(former.codeFolder)
        #expect(try CodeVersion.of(folder: code, running: transform) == version)
        #expect(!FileManager.default.fileExists(atPath: "\(code)/data.jsonl"))
        #expect(FileManager.default.fileExists(atPath: "\(code)/.venv/bin/python3"))
        #expect(former.transform?.handler == "h.handler")
        #expect(try kept.pipeline(definition, running: "other") == nil)
    }

    @Test("a jq program is kept as a file; a Swift function is not kept, nor a folder that is too large")
    func others() throws {
        try write(".a", to: "p.jq")
        defer { remove() }
        let kept = KeptCode(folder: "\(folder)/data")
        let jq = pipeline(Transform(jq: "p.jq"))
        #expect(try kept.keep("one", Transform(jq: "p.jq"), of: jq) == nil)
        try write(".b", to: "p.jq")
        let former = try #require(try kept.pipeline(jq, running: "one"))
        #expect(try JQSource(former.transform?.jq ?? "", of: former).read() == ".a")
        let swift = Transform(function: "f")
        #expect(try kept.keep("two", swift, of: pipeline(swift)) != nil)
        #expect(try kept.pipeline(pipeline(swift), running: "two") == nil)
        try write("", to: "big/model.bin")
        #expect(truncate("\(folder)/big/model.bin", 200 << 20) == 0)
        let large = Transform(handler: "h.handler", runtime: "python3", code: "big")
        #expect(try kept.keep("three", large, of: pipeline(large)) != nil)
        #expect(try kept.pipeline(pipeline(large), running: "three") == nil)
    }
}
