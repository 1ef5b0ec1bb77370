import Foundation
import Sluice
import SluiceWire

/// Sets attributes of a queue from texts, each checked.
struct QueueAttributeSetting {
    let call: SQSCall
    /// The queue that they are for.
    let location: QueueLocation

    /// - Throws: `WireError` for the first one that is wrong; then none counts.
    func set(_ texts: [(key: String, value: String)], of attributes: inout QueueAttributes) throws {
        for (name, _) in texts { try checkName(name, isFIFO: attributes.fifo != nil) }
        try checkEncryption(texts)
        // The key first: how long data keys are used again is a setting of it, and maps have no order.
        let ordered = texts.filter { $0.key == "KmsMasterKeyId" } + texts.filter { $0.key != "KmsMasterKeyId" }
        for (name, value) in ordered { try set(name, value, of: &attributes) }
        guard let fifo = attributes.fifo, fifo.throughputLimit == .perMessageGroupId,
            fifo.deduplicationScope != .messageGroup
        else { return }
        throw SQSError.invalidAttributeValue(
            "FifoThroughputLimit",
            reason: "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup."
        )
    }

    private static let settable: Set<String> = [
        "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds",
        "VisibilityTimeout", "RedrivePolicy", "RedriveAllowPolicy", "Policy", "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled",
    ]
    private static let ofFIFO: Set<String> = [
        "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
    ]

    private func checkName(_ name: String, isFIFO: Bool) throws {
        if Self.settable.contains(name) || (isFIFO && Self.ofFIFO.contains(name)) { return }
        if name == "DeduplicationScope" || name == "FifoThroughputLimit" {
            throw SQSError.invalidAttributeName("You can specify the \(name) only when FifoQueue is set to true.")
        }
        throw SQSError.unknownAttribute(name)
    }

    private func set(_ name: String, _ value: String, of attributes: inout QueueAttributes) throws {
        switch name {
        case "DelaySeconds": attributes.delay = try duration(name, value, Limits.delay.now)
        case "MaximumMessageSize":
            let limit = Limits.messageSize.now
            attributes.maximumMessageSize = try integer(name, value, limit.lowerBound.bytes...limit.upperBound.bytes)
        case "MessageRetentionPeriod": attributes.retention = try duration(name, value, Limits.retention.now)
        case "ReceiveMessageWaitTimeSeconds":
            attributes.receiveWait = try duration(name, value, Limits.receiveWait.now)
        case "VisibilityTimeout":
            attributes.visibilityTimeout = try duration(name, value, Limits.visibilityTimeout.now)
        case "RedrivePolicy": attributes.redrive = try RedriveTexts.redrive(value, for: location, call)
        case "RedriveAllowPolicy": attributes.redriveAllow = try RedriveTexts.allow(value, call)
        case "Policy":
            if !value.isEmpty { _ = try QueuePolicy(parsing: value) }
            attributes.policy = value.isEmpty ? nil : value
        case "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled":
            try setEncryption(name, value, of: &attributes)
        default: try setFIFO(name, value, of: &attributes)
        }
    }

    private func setFIFO(_ name: String, _ value: String, of attributes: inout QueueAttributes) throws {
        switch name {
        case "FifoQueue":
            guard value == "true" else {
                throw SQSError.invalidAttributeValue(name, reason: "Modifying queue type is not supported.")
            }
        case "ContentBasedDeduplication": attributes.fifo?.contentBasedDeduplication = try boolean(name, value)
        case "DeduplicationScope":
            guard let scope = QueueAttributes.FIFO.Scope(rawValue: value) else {
                throw SQSError.invalidAttributeValue(name)
            }
            attributes.fifo?.deduplicationScope = scope
        default:
            guard let limit = QueueAttributes.FIFO.ThroughputLimit(rawValue: value) else {
                throw SQSError.invalidAttributeValue(name)
            }
            attributes.fifo?.throughputLimit = limit
        }
    }

    // MARK: Encryption

    private func checkEncryption(_ texts: [(key: String, value: String)]) throws {
        let managed = texts.last { $0.key == "SqsManagedSseEnabled" }?.value == "true"
        let kms = texts.last { $0.key == "KmsMasterKeyId" }.map { !$0.value.isEmpty } ?? false
        guard managed, kms else { return }
        throw SQSError.invalidAttributeName(
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
        )
    }

    private func setEncryption(_ name: String, _ value: String, of attributes: inout QueueAttributes) throws {
        switch (name, attributes.encryption) {
        case ("KmsMasterKeyId", .kms(_, let reuse)):
            attributes.encryption = value.isEmpty ? .none : .kms(key: value, reuse: reuse)
        case ("KmsMasterKeyId", _): if !value.isEmpty { attributes.encryption = .kms(key: value, reuse: .minutes(5)) }
        case ("KmsDataKeyReusePeriodSeconds", let encryption):
            let reuse = try duration(name, value, Limits.dataKeyReuse.now)
            if case .kms(let key, _) = encryption { attributes.encryption = .kms(key: key, reuse: reuse) }
        case (_, .kms): if try boolean(name, value) { attributes.encryption = .managed }
        default: attributes.encryption = try boolean(name, value) ? .managed : .none
        }
    }

    // MARK: Values

    private func integer(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(value), range.contains(number) else { throw SQSError.invalidAttributeValue(name) }
        return number
    }

    private func duration(_ name: String, _ value: String, _ range: ClosedRange<Duration>) throws -> Duration {
        guard let seconds = Int(value), range.contains(.seconds(seconds)) else {
            throw SQSError.invalidAttributeValue(name)
        }
        return .seconds(seconds)
    }

    private func boolean(_ name: String, _ value: String) throws -> Bool {
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default: throw SQSError.invalidAttributeValue(name)
        }
    }
}
