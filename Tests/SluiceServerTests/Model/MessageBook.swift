import Crypto
import Foundation
import Sluice
import Synchronization

/// What is so whatever order things happened in: which messages were sent, which receipts were given, and all that a
/// single answer says by itself.
final class MessageBook: Sendable {
    /// One receive of one message. It has one count, for every receive raises it.
    struct Receipt: Sendable {
        let queue: String
        let key: String
        let id: String
        let count: Int
        /// Milliseconds.
        let received: Int
    }

    struct Facts: Sendable {
        var drafts: [String: Draft] = [:]
        var receipts: [String: Receipt] = [:]
        /// The latest last.
        var handles: [String] = []
        var keys: [String] = []
    }

    private struct State {
        var facts = Facts()
        var problems: [String] = []
        var ticks = 0
    }

    private let queues: ModelQueues
    private let state = Mutex(State())

    init(_ queues: ModelQueues) { self.queues = queues }

    var facts: Facts { state.withLock { $0.facts } }

    /// Counts on, so that it can be told what ended before something else began.
    func tick() -> Int {
        state.withLock { state in
            state.ticks += 1
            return state.ticks
        }
    }

    /// A name for one more message.
    func nextKey() -> String { "m\(tick())" }

    func report(_ problem: String) { state.withLock { $0.problems.append(problem) } }

    func takeProblems() -> [String] {
        state.withLock { state in
            defer { state.problems = [] }
            return state.problems
        }
    }

    func note(_ drafts: [Draft]) {
        state.withLock { state in
            for draft in drafts where state.facts.drafts.updateValue(draft, forKey: draft.key) == nil {
                state.facts.keys.append(draft.key)
            }
        }
    }

    // MARK: Answers

    /// What a message that was sent is answered: its digests are those of what was sent.
    func sent(_ node: WireNode, _ draft: Draft) -> Answer.Sent {
        expect(node.text("MD5OfMessageBody"), Self.md5(Array(draft.body.utf8)), "MD5OfMessageBody of", draft.key)
        expect(
            node.text("MD5OfMessageAttributes"), Self.md5(of: draft.attributes), "MD5OfMessageAttributes of", draft.key)
        return Answer.Sent(id: node.text("MessageId") ?? "", sequence: node.text("SequenceNumber"))
    }

    /// Reads a message that was received: it is as it was sent. `nil` = nobody has sent it.
    func sighting(_ node: WireNode, from queue: String, at now: Int) -> Sighting? {
        let attributes = node.map("MessageAttributes", query: "MessageAttribute")
        let key = attributes[Draft.keyName]?.text("StringValue") ?? ""
        guard let draft = facts.drafts[key] else {
            report("\(queue) has given out what nobody sent: \(node)")
            return nil
        }
        compare(node, attributes, draft, from: queue)
        let system = node.texts("Attributes", query: "Attribute")
        let sighting = Sighting(
            key: key, handle: node.text("ReceiptHandle") ?? "", id: node.text("MessageId") ?? "",
            count: Int(system["ApproximateReceiveCount"] ?? "") ?? 0, sent: Int(system["SentTimestamp"] ?? "") ?? 0,
            firstReceived: Int(system["ApproximateFirstReceiveTimestamp"] ?? "") ?? 0,
            sequence: system["SequenceNumber"])
        let receipt = Receipt(queue: queue, key: key, id: sighting.id, count: sighting.count, received: now)
        state.withLock { state in
            if state.facts.receipts.updateValue(receipt, forKey: sighting.handle) == nil {
                state.facts.handles.append(sighting.handle)
            }
        }
        return sighting
    }

    private func compare(_ node: WireNode, _ attributes: [String: WireNode], _ draft: Draft, from queue: String) {
        let key = draft.key
        expect(node.text("Body"), draft.body, "Body of", key)
        expect(node.text("MD5OfBody"), Self.md5(Array(draft.body.utf8)), "MD5OfBody of", key)
        expect(
            node.text("MD5OfMessageAttributes"), Self.md5(of: draft.attributes), "MD5OfMessageAttributes of", key)
        expect(attributes.count, draft.attributes.count, "number of attributes of", key)
        for attribute in draft.attributes {
            let found = attributes[attribute.name]
            expect(found?.text("DataType"), attribute.type, "type of \(attribute.name) of", key)
            expect(
                found?.text(attribute.isBinary ? "BinaryValue" : "StringValue"), attribute.value,
                "\(attribute.name) of", key)
        }
        let system = node.texts("Attributes", query: "Attribute")
        expect(system["MessageGroupId"], draft.group, "MessageGroupId of", key)
        if let id = draft.deduplicationID { expect(system["MessageDeduplicationId"], id, "deduplication id of", key) }
        let source = queue == queues.dead && draft.queue != queue ? ModelQueues.arn(of: draft.queue) : nil
        expect(system["DeadLetterQueueSourceArn"], source, "DeadLetterQueueSourceArn of", key)
    }

    private func expect<Value: Equatable>(_ found: Value?, _ expected: Value?, _ what: String, _ key: String) {
        guard found != expected else { return }
        report("\(what) \(key): \(String(describing: found)) and not \(String(describing: expected))")
    }

    // MARK: Digests

    private static func md5(_ bytes: [UInt8]) -> String {
        Insecure.MD5.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// In order of name: length and bytes of name, type and value; 1 before a text, 2 before bytes.
    private static func md5(of attributes: [Draft.Attribute]) -> String {
        var bytes: [UInt8] = []
        func add(_ part: [UInt8]) {
            withUnsafeBytes(of: UInt32(part.count).bigEndian) { bytes += $0 }
            bytes += part
        }
        for attribute in attributes.sorted(by: { $0.name < $1.name }) {
            add(Array(attribute.name.utf8))
            add(Array(attribute.type.utf8))
            bytes.append(attribute.isBinary ? 2 : 1)
            add(
                attribute.isBinary ? Array(Data(base64Encoded: attribute.value) ?? Data()) : Array(attribute.value.utf8)
            )
        }
        return md5(bytes)
    }
}
