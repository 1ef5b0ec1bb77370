import Foundation
import Sluice

/// What the data folder knows of a queue beside its messages: one row.
struct QueueRecord: Codable, Hashable {
    var name: String
    /// `nil` = a send made it under a name without `.fifo`, and a definition may make it either.
    var type: QueueType?
    var role: QueueReport.Role
    var pipeline: String?
    /// The step that receives from it, for dead letters and for `status`.
    var step: String?
    var settings: QueueSettings
    /// The dead-letter queue, by full name.
    var deadLetterQueue: String?
    /// What is read from a raw record that enters here.
    var intake: Intake?
    /// The bucket whose objects are announced here.
    var objects: ObjectSource?
    /// How long raw copies of what enters here are kept; `nil` = none are.
    var archiveKeep: Duration?
    /// Bytes that raw copies may take: of messages, or of the objects that are announced here.
    var archiveMaxSize: Int?
    /// The last chunk that a claim still has to go through; `nil` = no claim is under way.
    var claimUntil: Int64?
    /// The last chunk that the claim has been through.
    var claimedThrough: Int64?
    /// When its step was paused or its breaker opened: the retention clock stands still since then.
    var standsStillSince: Timestamp?
    /// What clients have set; `nil` = nothing, or it is not theirs.
    var attributes: QueueAttributes?
    /// When it was made.
    var created: Timestamp?
    /// Its name went to another pipeline: it is there for its figures alone.
    var isRetired: Bool?
    /// How long the retention clock has stood still before that, in milliseconds.
    var stoodStill: Int64 = 0

    struct Intake: Codable, Hashable {
        var id: String?
        var group: String?
        var subject: [Subject]
        var maxRecord: Int

        struct Subject: Codable, Hashable {
            var kind: String
            var paths: [String]
            var normalise: [SubjectPath.Normalisation]
        }
    }

    /// Which objects of which bucket.
    struct ObjectSource: Codable, Hashable {
        var bucket: String
        var prefix: String
        var suffix: String
        /// Objects that another pipeline was told of before are announced too, when the bucket is claimed.
        var backfill: Bool
        /// How long the bytes of an object are kept that its bucket does not have any more.
        var keep: Duration
        /// Objects from this number on were put after the source was defined: they are its own, whoever else was told.
        var definedAt: Int64 = 0
        /// The last object that was there before, and is announced by now.
        var claimedThrough: Int64 = 0
        /// All that was there before is announced; from then on each object is, as it is put.
        var isClaimed = false

        func takes(_ key: String) -> Bool {
            key.utf8.starts(with: prefix.utf8) && key.utf8.reversed().starts(with: suffix.utf8.reversed())
                && key.utf8.count >= max(prefix.utf8.count, suffix.utf8.count)
        }
    }

    /// Whether what was read from a row can be worked with.
    func check(storedAs name: String) throws(StoreDamage) {
        guard self.name == name else { throw StoreDamage("queue '\(name)' has the record of '\(self.name)'") }
        _ = try Timestamp(stored: stoodStill)
        _ = try Timestamp(stored: standsStillSince?.milliseconds ?? 0)
        for path in [intake?.id, intake?.group].compactMap(\.self) + (intake?.subject ?? []).flatMap(\.paths) {
            do {
                _ = try RecordPath(parsing: path)
            } catch {
                throw StoreDamage("queue '\(name)' reads at '\(path)', which is no path: \(error.message)")
            }
        }
    }

    /// Why the queue can never store such a body, whoever brings it; `nil` = it can.
    func refusal(of body: Bytes) -> String? {
        let most = intake?.maxRecord ?? 1 << 20
        if body.count > most { return "it has \(body.count) bytes, and \(most) are allowed" }
        return body.isEmpty ? "it is empty" : nil
    }

    /// A queue that a client makes.
    init(_ name: String, _ attributes: QueueAttributes) {
        self.init(
            name: name, type: attributes.fifo == nil ? .standard : .fifo, role: .other, settings: QueueSettings())
        take(attributes)
    }

    init(
        name: String, type: QueueType?, role: QueueReport.Role, pipeline: String? = nil, step: String? = nil,
        settings: QueueSettings, deadLetterQueue: String? = nil, intake: Intake? = nil, archiveKeep: Duration? = nil,
        archiveMaxSize: Int? = nil
    ) {
        self.name = name
        self.type = type
        self.role = role
        self.pipeline = pipeline
        self.step = step
        self.settings = settings
        self.deadLetterQueue = deadLetterQueue
        self.intake = intake
        self.archiveKeep = archiveKeep
        self.archiveMaxSize = archiveMaxSize
    }

    /// Does what a client has set. A pipeline's queue keeps the settings of its definition.
    mutating func take(_ attributes: QueueAttributes) {
        self.attributes = attributes
        guard pipeline == nil else { return }
        settings = QueueSettings(
            maxReceiveCount: attributes.redrive?.maxReceiveCount ?? Limits.maxReceiveCount.now.upperBound,
            visibilityTimeout: attributes.visibilityTimeout, retention: attributes.retention, delay: attributes.delay,
            capacity: .max)
        deadLetterQueue = attributes.redrive?.target
    }

    /// What clients see.
    var described: QueueAttributes {
        var described = attributes ?? QueueAttributes(created: created ?? Timestamp(milliseconds: 0))
        guard attributes == nil || pipeline != nil else { return described }
        described.delay = settings.delay
        described.retention = settings.retention
        described.visibilityTimeout = settings.visibilityTimeout ?? .seconds(30)
        described.maximumMessageSize = intake?.maxRecord ?? Limits.messageSize.now.upperBound.bytes
        described.redrive = deadLetterQueue.map {
            QueueAttributes.Redrive(target: $0, maxReceiveCount: settings.maxReceiveCount, text: nil)
        }
        described.fifo = type == .fifo ? attributes?.fifo ?? QueueAttributes.FIFO() : nil
        return described
    }

    /// A queue that a send makes. Who writes `.fifo` says what it is; a message of it has a group where the sender gave
    /// it one, or when a definition names the path to it.
    static func unclaimed(_ name: String) -> QueueRecord {
        QueueRecord(
            name: name, type: name == QueueNames.bare(name) ? nil : .fifo, role: .other, settings: QueueSettings())
    }

    /// A send made it, and neither a definition nor a client has said yet what it is like.
    var isUnclaimed: Bool { pipeline == nil && attributes == nil }

    /// How long the retention clock has stood still up to `now`.
    func stoodStill(at now: Timestamp) -> Int64 {
        stoodStill + (standsStillSince.map { max(0, now.milliseconds - $0.milliseconds) } ?? 0)
    }
}
