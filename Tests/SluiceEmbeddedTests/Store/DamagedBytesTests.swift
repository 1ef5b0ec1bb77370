import Foundation
import Sluice
import SluiceTesting
import Testing

@testable import SluiceEmbedded

/// Whatever stands in a row is read, or is `StoreDamage`: never a trap.
@Suite("Damaged bytes")
struct DamagedBytesTests {
    private func headers() -> [MessageHeader] {
        let failure = Failure(reason: "no day", step: "transform", time: Timestamp(milliseconds: 5))
        return (0..<3).map { number in
            var lineage = Lineage(
                identity: RecordIdentity("origin/\(number)"), group: "g", received: Timestamp(milliseconds: 7))
            lineage.name = "name"
            lineage.subjects = [SubjectHash(kind: "customer", high: 1, low: 2)]
            return MessageHeader(
                id: MessageID(high: 1, low: UInt64(number)), bodyLength: 4, sent: Timestamp(milliseconds: 6),
                lineage: lineage, deduplicationID: "d",
                death: number == 0
                    ? nil
                    : MessageHeader.Death(
                        source: "q", receiveCount: 3, history: FailureHistory(failure), redriven: number == 1))
        }
    }

    /// Some bytes changed, cut off or put in.
    private func damage(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeLast(bytes.count - place)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes[place] = 0xFF
            case 3:
                bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], at: place)
            default: bytes[place] = .random(in: .min ... .max, using: &random)
            }
        }
        return bytes
    }

    @Test("of headers", arguments: 0..<8)
    func header(_ seed: UInt64) throws {
        var writer = ByteWriter()
        writer.byte(HeaderCoding.version)
        for header in headers() { HeaderCoding.write(header, to: &writer) }
        let body = [UInt8](repeating: 1, count: 12)
        #expect(try ChunkContent(header: writer.bytes, body: body).count == 3)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3_000 {
            do {
                let content = try ChunkContent(header: damage(writer.bytes, &random), body: body)
                for index in 0..<content.count {
                    let header = try content.header(at: index)
                    let chunk = Chunk(id: 1, queue: 1, arrived: header.sent, stoodStill: 0)
                    chunk.append(length: header.bodyLength, group: nil, state: MessageState())
                    _ = content.body(at: index).count
                    _ = Int(UInt32.max) + (header.death?.carried ?? 0) + (header.death?.receiveCount ?? 0)
                    _ = Timestamp(milliseconds: 0) - header.sent
                    _ = header.sent - Timestamp(milliseconds: 1 << 50)
                    _ = header.lineage.received - header.sent
                }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test("of states", arguments: 0..<8)
    func state(_ seed: UInt64) throws {
        var states = ChunkStates(count: 20)
        states[3] = MessageState(status: .held, receiveCount: 2, generation: 3, visibleAt: 1 << 41)
        states[4] = MessageState(status: .gone)
        states[7] = MessageState(status: .ready, suspect: true, receiveCount: 1, generation: 1)
        let bytes = states.encoded()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3_000 {
            do {
                let read = try ChunkStates(count: 20, encoded: damage(bytes, &random))
                for index in 0..<20 where read[index].status != .gone {
                    let state = read[index]
                    _ = state.receiveCount + 1
                    _ = state.generation + 1
                    if [.held, .inFlight].contains(state.status) { _ = state.receiveCount - 1 }
                    _ = Timestamp(milliseconds: state.visibleAt) - Timestamp(milliseconds: 1 << 50)
                }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}
