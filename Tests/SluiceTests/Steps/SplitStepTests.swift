import Sluice
import SluiceTesting
import Testing

@Suite("Split", .timeLimit(.minutes(4)))
struct SplitStepTests {
    private let fixture = StepFixture { $0.source = .bucket("drop") }
    private let intake = ScriptedQueue("orders-in")
    private let object = ObjectVersion(bucket: "drop", key: "a.jsonl", version: "0123456789abcdef0123456789abcdef")

    private func step(_ objects: ScriptedObjects) throws -> SplitStep {
        let control = StepControl(name: fixture.pipeline.splitStep, clock: fixture.clock, logger: fixture.logger)
        return try SplitStep(fixture.pipeline, into: intake, opener: objects, control: control, clock: fixture.clock)
    }

    private func message(_ body: Bytes? = nil, at position: SourcePosition? = nil) -> ReceivedMessage {
        let stored = StoredObject(
            object: object, size: 1, etag: "", modified: Timestamp(milliseconds: 0), sequencer: "1")
        var message = ReceivedMessage.scripted(0)
        message.body = body ?? ObjectNotification(stored).body
        message.position = position
        return message
    }

    private func part(_ disposition: Disposition?) throws -> SplitPart {
        guard case .split(let part) = disposition else {
            throw Broken(description: "\(String(describing: disposition))")
        }
        return part
    }

    @Test("reads an object part by part, with one opening, and lets go of it at its end")
    func parts() async throws {
        let objects = ScriptedObjects(most: 2)
        objects.put(["a", "b", "!c", "d", "e"], as: object)
        let step = try step(objects)
        var (position, numbers, refused): (SourcePosition?, [Int64], [Int64]) = (nil, [], [])
        repeat {
            let part = try part(await step.process([message(at: position)]).first)
            #expect(part.object == object)
            #expect(part.intake == "orders-in")
            numbers += part.records.map(\.number)
            refused += part.refused.map(\.number)
            position = part.next
        } while position != nil
        #expect(numbers == [0, 1, 3, 4])
        #expect(refused == [2])
        #expect(objects.opened == [nil])
        #expect(objects.openNow == 0)
    }

    @Test("a broken record says where it stands: object, line and byte")
    func place() async throws {
        let objects = ScriptedObjects()
        objects.put(["a", "!b"], as: object)
        let part = try part(await step(objects).process([message()]).first)
        let failure = try #require(part.refused.first).failure
        #expect(failure.reason == "\"drop/a.jsonl\", line 2, byte 10: it is no JSON")
        #expect(failure.type == "not-json")
        #expect(failure.step == "split")
    }

    @Test("goes on at the position that was stored, also where the object is open elsewhere")
    func otherPosition() async throws {
        let objects = ScriptedObjects(most: 2)
        objects.put(["a", "b", "c", "d"], as: object)
        let step = try step(objects)
        _ = await step.process([message()])
        let other = SourcePosition(offset: 10, number: 1, line: 2)
        let part = try part(await step.process([message(at: other)]).first)
        #expect(part.records.map(\.number) == [1, 2])
        #expect(objects.opened == [nil, other])
        await step.close()
        #expect(objects.openNow == 0)
    }

    @Test("reads no more than the intake queue has room for, and one record where it has none")
    func room() async throws {
        let objects = ScriptedObjects()
        objects.put(["a", "b"], as: object)
        intake.setFull(true)
        let part = try part(await step(objects).process([message()]).first)
        #expect(part.records.map(\.number) == [0])
        #expect(part.next != nil)
    }

    @Test("an object that is gone is dead, and one that cannot be read now is tried again")
    func errors() async throws {
        let objects = ScriptedObjects()
        let gone = try step(objects)
        #expect(await gone.process([message()]).map(\.word) == ["dead"])
        objects.put(["a"], as: object)
        objects.fail(with: ObjectError.unreadable("the disk"))
        let step = try step(objects)
        #expect(await step.process([message()]).map(\.word) == ["retry"])
        #expect(objects.openNow == 0)
        #expect(await step.process([message()]).map(\.word) == ["split"])
    }

    @Test("a message that announces no object is dead, and says why")
    func noNotification() async throws {
        let dispositions = try await step(ScriptedObjects()).process([message(Bytes("hello"))])
        #expect(dispositions.map(\.word) == ["dead"])
        #expect(dispositions.first?.failure?.type == "notification")
    }

    @Test("what our own shutdown cut short is released")
    func shutdown() async throws {
        let objects = ScriptedObjects()
        objects.put(["a"], as: object)
        objects.fail(with: CancellationError())
        let (step, message) = (try step(objects), message())
        let work = Task {
            while !Task.isCancelled { await Task.yield() }
            return await step.process([message])
        }
        work.cancel()
        #expect(await work.value.map(\.word) == ["release"])
    }
}
