import Sluice
import Testing

@testable import SluiceConnectors

@Suite("The SQLite sink: records that come again")
struct SQLiteDeliveredTests {
    private func batch(_ numbers: Range<Int>) -> [SinkRecord] {
        numbers.map { record(#"{"n":\#($0)}"#, identity: "r\($0)") }
    }

    private func ids(_ numbers: Range<Int>) -> [RecordIdentity] { numbers.map { RecordIdentity("r\($0)") } }

    /// What outlives the process.
    private func recorded(_ place: SinkFolder) throws -> [String] {
        try place.texts("SELECT value FROM _sluice_delivered, json_each(identities) ORDER BY batch, key")
    }

    private let written: (Int) -> [SinkEffect] = { Array(repeating: .written, count: $0) }
    private let repeated: (Int) -> [SinkEffect] = { Array(repeating: .repeated, count: $0) }

    @Test("identities are stored with their rows, known after a crash, and dropped when they are settled")
    func identities() async throws {
        let place = try SinkFolder()
        let batch = [record(#"{"n":1}"#, identity: "a/0"), record(#"{"n":1}"#, identity: "a/1")]
        let killed = try place.sink()
        #expect(try await killed.write(batch) == [.written, .written])
        #expect(
            try place.rows("SELECT * FROM _sluice_delivered") == [#"t:folder-1 t:orders t:shop i:1 t:["a/0","a/1"]"#])

        let next = try place.sink()
        #expect(try await next.write(batch + [record(#"{"n":2}"#, identity: "b")]) == [.repeated, .repeated, .written])
        #expect(try recorded(place) == ["a/0", "a/1", "b"])
        try await next.settled(batch.map(\.identity))
        #expect(try await next.write([record(#"{"n":3}"#, identity: "c")]) == [.written])
        #expect(try recorded(place) == ["b", "c"])
        try await next.settled([RecordIdentity("b"), RecordIdentity("c")])
        await next.close()
        #expect(try place.texts("SELECT 1 FROM _sluice_delivered") == [])
        #expect(try place.storedNumbers() == [1, 1, 2, 3])
        await killed.close()
    }

    @Test("batches that wait for their settlement at the same time are known, each until its own")
    func concurrent() async throws {
        let place = try SinkFolder()
        let killed = try place.sink()
        for start in [0, 3, 6] { #expect(try await killed.write(batch(start..<(start + 3))) == written(3)) }
        try await killed.settled(ids(3..<6))
        #expect(try await killed.write(batch(9..<12)) == written(3))
        #expect(try recorded(place).count == 9)

        let next = try place.sink()
        #expect(try await next.write(batch(0..<3) + batch(6..<13)) == repeated(9) + written(1))
        #expect(try place.storedNumbers() == Array(0..<13))
        await next.close()
        await killed.close()
    }

    @Test("a settlement of a part of a batch, or of parts of several, leaves the rest known")
    func partial() async throws {
        let place = try SinkFolder()
        let killed = try place.sink()
        #expect(try await killed.write(batch(0..<4)) == written(4))
        #expect(try await killed.write(batch(4..<8)) == written(4))
        try await killed.settled([ids(1..<2), ids(3..<6)].flatMap { $0 })
        #expect(try await killed.write(batch(8..<9)) == written(1))
        #expect(try recorded(place) == ["r0", "r2", "r6", "r7", "r8"])
        #expect(try await killed.write(batch(6..<9)) == repeated(3), "in the same process too")
        try await killed.settled(ids(0..<3))
        #expect(try await killed.write(batch(9..<10)) == written(1))

        let next = try place.sink()
        #expect(try await next.write(batch(6..<11)) == repeated(4) + written(1))
        #expect(try recorded(place) == ["r6", "r7", "r8", "r9", "r10"])
        #expect(try place.texts("SELECT count(*) FROM _sluice_delivered") == ["4"])
        await next.close()
        await killed.close()
    }

    @Test("one identity twice in a batch is one record")
    func twiceInABatch() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        #expect(try await sink.write(batch(0..<2) + batch(1..<3)) == [.written, .written, .repeated, .written])
        #expect(try recorded(place) == ["r0", "r1", "r2"])
        await sink.close()
    }

    @Test("a batch that is refused leaves no identity behind and settles nothing")
    func refused() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        #expect(try await sink.write(batch(0..<2)) == written(2))
        try await sink.settled(ids(0..<1))
        await #expect(throws: SinkError.self) { try await sink.write(batch(2..<3) + [record("nope")]) }
        #expect(try recorded(place) == ["r0", "r1"])
        #expect(try await sink.write(batch(1..<3)) == [.repeated, .written])
        #expect(try recorded(place) == ["r1", "r2"], "what was settled before the refusal goes with the next write")
        await sink.close()
    }

    @Test("a busy database forgets nothing of what was settled")
    func busy() async throws {
        let place = try SinkFolder()
        let sink = try place.sink()
        #expect(try await sink.write(batch(0..<2)) == written(2))
        try await sink.settled(ids(0..<1))
        let other = try place.lock()
        await #expect(throws: SinkError.self) { try await sink.write(batch(2..<3)) }
        try other.execute("ROLLBACK")
        #expect(try await sink.write(batch(1..<3)) == [.repeated, .written])
        #expect(try recorded(place) == ["r1", "r2"])
        await sink.close()
    }

    @Test("identities of other folders, pipelines and deliveries are nobody's business")
    func scopes() async throws {
        let place = try SinkFolder()
        let scopes = [("f1", "p", "shop"), ("f2", "p", "shop"), ("f1", "q", "shop"), ("f1", "p", "other")]
        for (folder, pipeline, name) in scopes {
            var deliver = place.deliver
            deliver.name = name
            let sink = try SQLiteSink(deliver, path: place.path, folder: folder, pipeline: pipeline, logger: .silent)
            #expect(try await sink.write(batch(0..<2)) == written(2))
        }
        let first = try SQLiteSink(place.deliver, path: place.path, folder: "f1", pipeline: "p", logger: .silent)
        #expect(try await first.write(batch(0..<2)) == repeated(2))
        await first.settled(ids(0..<2))
        await first.close()
        #expect(try recorded(place).count == 6)
    }

    @Test(
        "identities may be any text",
        arguments: ["", "\"", "\\", "a\u{0}b", "\n\t\u{1f}", "b/k ü😀@v#1", "],[", "e\u{301}", "\u{2028}"])
    func text(_ identity: String) async throws {
        let place = try SinkFolder()
        let killed = try place.sink()
        try await killed.write(record(#"{"n":1}"#, identity: identity), record(#"{"n":2}"#, identity: identity + "x"))
        let next = try place.sink()
        #expect(try await next.write([record(#"{"n":1}"#, identity: identity)]) == [.repeated])
        #expect(SQLiteIdentityList.encode([]) == Array("[]".utf8))
        await next.close()
        await killed.close()
    }

    @Test("a table of identities that somebody else has damaged is said to be, not taken for an empty one")
    func damaged() async throws {
        let place = try SinkFolder()
        let killed = try place.sink()
        _ = try await killed.write(batch(0..<1))
        for damage in ["'[\"r1'", "'{}'", "'[1]'", "x'FF'"] {
            try place.execute("UPDATE _sluice_delivered SET identities = \(damage)")
            let answer = await (try place.sink()).unavailability()
            #expect(answer?.type == "delivered", "\(damage): \(answer?.type ?? "")")
        }
        await killed.close()
    }

    @Test("upserts record nothing")
    func upsert() async throws {
        let place = try SinkFolder(key: ["n"])
        let sink = try place.sink()
        #expect(try await sink.write(batch(0..<2)) == written(2))
        #expect(try place.texts("SELECT 1 FROM sqlite_schema WHERE name = '_sluice_delivered'") == [])
        await sink.close()
    }
}
