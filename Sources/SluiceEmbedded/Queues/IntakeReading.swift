import Crypto
import Foundation
import Sluice

extension IntakeReader {
    /// The reader that a queue's stored record asks for. Its paths were checked when the definition, or the record,
    /// was read.
    init(record: QueueRecord.Intake) {
        let subject = Dictionary(
            record.subject.map { subject in
                (
                    subject.kind,
                    SubjectPath(subject.paths.map(RecordPath.init(stringLiteral:)), normalise: subject.normalise)
                )
            }, uniquingKeysWith: { first, _ in first })
        self.init(
            id: record.id.map(RecordPath.init(stringLiteral:)),
            group: record.group.map(RecordPath.init(stringLiteral:)),
            subject: subject)
    }
}

extension QueueRecord.Intake {
    init(_ pipeline: Pipeline) {
        id = pipeline.id?.text
        group = pipeline.queue.group?.text
        subject = pipeline.subject.sorted { $0.key < $1.key }.map { kind, path in
            Subject(kind: kind, paths: path.paths.map(\.text), normalise: path.normalise)
        }
        maxRecord = pipeline.maxRecord.bytes
    }
}

/// Turns persons into hashes that only this folder can compute: HMAC-SHA256 of kind and value under a secret that
/// never leaves it.
struct SubjectHasher: Sendable {
    private let keyed: KeyedHash

    init(secret: Data) { keyed = KeyedHash(key: Array(secret)) }

    func hash(kind: String, value: String) -> SubjectHash {
        // A kind has no NUL, so that no other pair of kind and value makes the same bytes.
        var text = kind
        text.append("\0")
        text.append(value)
        var hash = keyed
        text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        hash.finalize().withUnsafeBytes { code in
            words.high = UInt64(bigEndian: code.loadUnaligned(as: UInt64.self))
            words.low = UInt64(bigEndian: code.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        return SubjectHash(kind: kind, high: words.high, low: words.low)
    }
}

extension Lineage {
    /// Takes over what intake has read: name, group and subjects. Identity and arrival stay.
    mutating func take(_ read: Lineage) {
        name = read.name
        group = read.group
        subjects = read.subjects
    }
}

/// What a raw record says of itself, and what its queue makes of that.
struct IntakeResult {
    var lineage: Lineage
    /// Why it cannot enter: to the dead-letter queue, or back to the sender where there is none.
    var missing: String?
    var withoutSubject = false
}

extension QueueCatalogue.Entry {
    /// Reads name, group and subjects from a raw record. The definition's group decides; without one, the sender's.
    func read(_ body: Bytes, id: MessageID, senderGroup: String?, hasher: SubjectHasher) -> IntakeResult {
        var lineage = Lineage(
            identity: RecordIdentity(id), group: senderGroup, received: Timestamp(milliseconds: 0))
        guard let intake, let asked = record.intake else {
            let isWithoutGroup = type == .fifo && senderGroup == nil && !record.isUnclaimed
            let missing = isWithoutGroup ? "it has no message group; send it with one" : nil
            return IntakeResult(lineage: lineage, missing: missing)
        }
        let fields = intake.read(body)
        lineage.name = fields.name
        lineage.subjects = fields.subjectValues.map { hasher.hash(kind: $0.kind, value: $0.value) }
        if asked.group != nil { lineage.group = fields.group }
        var result = IntakeResult(lineage: lineage, withoutSubject: fields.missingSubject)
        if type == .fifo && lineage.group == nil {
            result.missing =
                asked.group.map { "it has no message group: nothing is found at \($0)" }
                ?? "it has no message group, and the definition names no path to one"
        }
        return result
    }
}
