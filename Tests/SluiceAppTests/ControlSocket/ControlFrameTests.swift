import NIOCore
import Sluice
import Testing

@testable import SluiceApp

@Suite("Frames")
struct ControlFrameTests {
    private static let messages = [
        NewMessage(body: []), NewMessage(body: [0, 255], group: "g", deduplicationID: "d", delay: .seconds(3)),
        NewMessage(body: Bytes("text"), group: ""),
    ]

    @Test("a send is read as it was written")
    func send() throws {
        let payload = SendPayload(queue: "orders-in", messages: Self.messages, ordered: true)
        let read = try SendPayload(decoding: payload.encoded(allocator: ByteBufferAllocator()))
        #expect(read.queue == "orders-in")
        #expect(read.ordered)
        #expect(read.messages == Self.messages)
    }

    @Test("the position of a send is read as it was written", arguments: [0, 1, 1 << 40])
    func position(ordinal: Int) throws {
        let position = SendPosition(session: .max - 7, ordinal: ordinal)
        let payload = SendPayload(queue: "orders-in", messages: Self.messages, ordered: true, position: position)
        let read = try SendPayload(decoding: payload.encoded(allocator: ByteBufferAllocator()))
        #expect(read.position == position)
        #expect(read.messages == Self.messages)
    }

    @Test("answers to a send are read as they were written")
    func results() throws {
        let id = MessageID(high: 1, low: 2)
        let payload = SendResultsPayload([.stored(id), .duplicate(id), .refused("too long")])
        #expect(try SendResultsPayload(decoding: payload.encoded(allocator: ByteBufferAllocator())) == payload)
    }

    @Test("a send that is cut off anywhere is refused, and never read beyond its end")
    func cutOff() throws {
        let payload = SendPayload(
            queue: "orders-in", messages: Self.messages, ordered: false, position: .newSession())
        let whole = try payload.encoded(allocator: ByteBufferAllocator())
        for length in 0..<whole.readableBytes {
            let cut = try #require(whole.getSlice(at: whole.readerIndex, length: length))
            #expect(throws: FrameError.self) { try SendPayload(decoding: cut) }
        }
    }

    @Test("random bytes are a payload or an error", arguments: 0..<200)
    func random(seed: Int) {
        var generator = Seeded(state: UInt64(seed) + 1)
        let bytes = (0..<seed).map { _ in UInt8.random(in: 0...255, using: &generator) }
        do {
            _ = try SendPayload(decoding: ByteBuffer(bytes: bytes))
            _ = try SendResultsPayload(decoding: ByteBuffer(bytes: bytes))
        } catch {
            #expect(error is FrameError)
        }
    }

    @Test("a frame arrives in whatever pieces the socket makes of it")
    func pieces() throws {
        var wire = ByteBuffer()
        let frame = ControlFrame(kind: .request, call: 9, payload: ByteBuffer(string: "{}"))
        frame.write(to: &wire)
        var buffer = ByteBuffer()
        for _ in 1..<wire.readableBytes {
            buffer.writeBytes(wire.readBytes(length: 1) ?? [])
            let next = try ControlFrameDecoder.next(in: &buffer)
            #expect(next == nil)
        }
        buffer.writeBytes(wire.readBytes(length: 1) ?? [])
        let next = try ControlFrameDecoder.next(in: &buffer)
        #expect(next == frame)
    }

    @Test("a frame that claims to be longer than allowed is refused before it is held", arguments: [0, 4, 8_388_609])
    func tooLong(length: UInt32) {
        var buffer = ByteBuffer(integer: length)
        #expect(throws: FrameError.self) { try ControlFrameDecoder.next(in: &buffer) }
    }
}
