import Sluice
import SluiceWire

/// The attributes of a queue as texts, as clients read and set them: one entry each, in the order in which AWS lists
/// them.
enum QueueAttributeTexts {
    /// An attribute that can be read; `nil` = the queue has none.
    typealias Reading = @Sendable (QueueAttributes, QueueDepth, QueueLocation, Home) -> String?

    static let readable: [(name: String, read: Reading)] = [
        ("QueueArn", { _, _, location, _ in location.arn }),
        ("ApproximateNumberOfMessages", { _, depth, _, _ in String(depth.ready) }),
        ("ApproximateNumberOfMessagesNotVisible", { _, depth, _, _ in String(depth.inFlight) }),
        ("ApproximateNumberOfMessagesDelayed", { _, depth, _, _ in String(depth.delayed) }),
        ("CreatedTimestamp", { attributes, _, _, _ in seconds(attributes.created) }),
        ("LastModifiedTimestamp", { attributes, _, _, _ in seconds(attributes.modified) }),
        ("VisibilityTimeout", { attributes, _, _, _ in seconds(attributes.visibilityTimeout) }),
        ("MaximumMessageSize", { attributes, _, _, _ in String(attributes.maximumMessageSize) }),
        ("MessageRetentionPeriod", { attributes, _, _, _ in seconds(attributes.retention) }),
        ("DelaySeconds", { attributes, _, _, _ in seconds(attributes.delay) }),
        ("Policy", { attributes, _, _, _ in attributes.policy }),
        ("ReceiveMessageWaitTimeSeconds", { attributes, _, _, _ in seconds(attributes.receiveWait) }),
        ("RedrivePolicy", { attributes, _, _, home in attributes.redrive.map { RedriveTexts.text(of: $0, home) } }),
        ("RedriveAllowPolicy", { attributes, _, _, _ in attributes.redriveAllow?.text }),
        ("KmsMasterKeyId", { attributes, _, _, _ in attributes.encryption.kms?.key }),
        (
            "KmsDataKeyReusePeriodSeconds",
            { attributes, _, _, _ in attributes.encryption.kms.map { seconds($0.reuse) } }
        ),
        ("SqsManagedSseEnabled", { attributes, _, _, _ in String(attributes.encryption == .managed) }),
        ("FifoQueue", { attributes, _, _, _ in attributes.fifo.map { _ in "true" } }),
        (
            "ContentBasedDeduplication",
            { attributes, _, _, _ in attributes.fifo.map { String($0.contentBasedDeduplication) } }
        ),
        ("DeduplicationScope", { attributes, _, _, _ in attributes.fifo?.deduplicationScope.rawValue }),
        ("FifoThroughputLimit", { attributes, _, _, _ in attributes.fifo?.throughputLimit.rawValue }),
    ]

    private static let byName = Dictionary(readable.map { ($0.name, $0.read) }, uniquingKeysWith: { first, _ in first })

    /// - Parameter names: `All`, or names of attributes.
    /// - Throws: `WireError` for a name that is none.
    static func read(
        _ names: [String], of attributes: QueueAttributes, _ depth: QueueDepth, _ location: QueueLocation, _ home: Home
    ) throws -> [(key: String, value: String)] {
        if let unknown = names.first(where: { $0 != "All" && byName[$0] == nil }) {
            throw SQSError.unknownAttribute(unknown)
        }
        let wanted = Set(names)
        return readable.compactMap { name, read in
            guard wanted.contains("All") || wanted.contains(name) else { return nil }
            return read(attributes, depth, location, home).map { (name, $0) }
        }
    }

    /// The value of one attribute as text, to compare it with what CreateQueue is given.
    static func value(_ name: String, of attributes: QueueAttributes, _ location: QueueLocation, _ home: Home)
        -> String?
    {
        byName[name]?(attributes, QueueDepth(), location, home)
    }

    private static func seconds(_ duration: Duration) -> String { String(duration.milliseconds / 1_000) }
    private static func seconds(_ moment: Timestamp) -> String { String(moment.milliseconds / 1_000) }
}

extension QueueAttributes.Encryption {
    fileprivate var kms: (key: String, reuse: Duration)? {
        if case .kms(let key, let reuse) = self { (key, reuse) } else { nil }
    }
}
