import Sluice
import SluiceWire

/// RedrivePolicy and RedriveAllowPolicy: JSON in a text.
enum RedriveTexts {
    /// - Parameter text: empty = none.
    static func redrive(
        _ text: String, for source: QueueLocation, _ call: SQSCall
    ) throws -> QueueAttributes.Redrive? {
        guard !text.isEmpty else { return nil }
        func invalid(_ reason: String) -> WireError {
            SQSError.invalidValue(text, of: "RedrivePolicy", reason)
        }
        guard let policy = object(text) else { throw invalid("Redrive policy is not a valid JSON map.") }
        guard let arn = policy.member("deadLetterTargetArn") else {
            throw invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        }
        guard let count = policy.member("maxReceiveCount") else {
            throw invalid("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
        }
        if let other = policy.members.first(where: { !["deadLetterTargetArn", "maxReceiveCount"].contains($0.name) }) {
            throw invalid(
                "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount], got \(other.name).")
        }
        guard let number = count.scalarText.flatMap({ Int($0) }), Limits.maxReceiveCount.now.contains(number) else {
            throw invalid(
                "Invalid value for maxReceiveCount: \(count.scalarText ?? count.bytes.text), valid values are from 1 to 1000 both "
                    + "inclusive.")
        }
        guard let target = arn.string.flatMap(QueueLocation.init(arn:)) else {
            throw invalid("Invalid value for deadLetterTargetArn.")
        }
        try check(target, for: source, call, invalid)
        return QueueAttributes.Redrive(
            target: target.fullName(call.home), maxReceiveCount: number, text: text)
    }

    private static func check(
        _ target: QueueLocation, for source: QueueLocation, _ call: SQSCall, _ invalid: (String) -> WireError
    ) throws {
        guard target.region == source.region, target.account == source.account else {
            throw invalid("Dead letter target owner should be same as the source.")
        }
        guard let queue = call.queue(at: target) else {
            throw WireError(
                shape: SQSError.queueDoesNotExist.shape, code: SQSError.queueDoesNotExist.code,
                "The specified queue does not exist.", namespace: SQSError.queueDoesNotExist.namespace)
        }
        guard queue.isFIFO == source.name.hasSuffix(".fifo") else {
            throw invalid(
                "Dead-letter queue must be same type of queue as the source.")
        }
        if let allow = queue.attributes.redriveAllow, !allow.allows(source.fullName(call.home)) {
            throw invalid("Queue \(target.name) does not allow this queue to use it as a dead-letter queue.")
        }
    }

    /// What a definition says, where no client has written it.
    static func text(of redrive: QueueAttributes.Redrive, _ home: Home) -> String {
        if let text = redrive.text { return text }
        let arn = QueueLocation(fullName: redrive.target, home).arn
        return #"{"deadLetterTargetArn":"\#(arn)","maxReceiveCount":"\#(redrive.maxReceiveCount)"}"#
    }

    static func allow(_ text: String, _ call: SQSCall) throws -> QueueAttributes.RedriveAllow? {
        guard !text.isEmpty else { return nil }
        func invalid(_ reason: String) -> WireError { SQSError.invalidValue(text, of: "RedriveAllowPolicy", reason) }
        guard let policy = object(text) else { throw invalid("Redrive allow policy is not a valid JSON map.") }
        guard let word = policy.member("redrivePermission")?.string else {
            throw invalid("Redrive allow policy does not contain mandatory attribute: redrivePermission.")
        }
        guard let permission = QueueAttributes.RedriveAllow.Permission(rawValue: word) else {
            throw invalid("Invalid value for redrivePermission.")
        }
        let arns = policy.member("sourceQueueArns").map { $0.elements.map(\.string) } ?? []
        let sources = arns.compactMap { $0.flatMap(QueueLocation.init(arn:))?.fullName(call.home) }
        guard sources.count == arns.count else { throw invalid("Invalid value for sourceQueueArns.") }
        if permission == .byQueue {
            guard (1...10).contains(sources.count) else {
                throw invalid(
                    "Redrive allow policy must contain 1 to 10 sourceQueueArns when redrivePermission is byQueue.")
            }
        } else if !sources.isEmpty {
            throw invalid("Redrive allow policy can only contain sourceQueueArns when redrivePermission is byQueue.")
        }
        return QueueAttributes.RedriveAllow(permission: permission, sources: sources, text: text)
    }

    private static func object(_ text: String) -> JSONValue? {
        do {
            let value = try JSONValue(parsing: Bytes(text))
            return value.kind == .object ? value : nil
        } catch {
            return nil
        }
    }
}
