import Sluice
import SluiceWire

extension SQSAction {
    static let createQueue = SQSAction("CreateQueue") { call, answer in
        let name = try call.required(SQSFields.queueName)
        let texts = try call.parameters.map(SQSFields.attributes) ?? []
        let tags = try call.parameters.map(SQSFields.creationTags) ?? []
        let isFIFO = try isFIFO(texts)
        try QueueNameCheck.check(name, isFIFO: isFIFO)
        let location = QueueLocation(region: call.caller.region, account: call.caller.account, name: name)
        var attributes = QueueAttributes(created: call.engine.clock.now, fifo: isFIFO ? QueueAttributes.FIFO() : nil)
        let fullName = location.fullName(call.home)
        if call.engine.queues.find(fullName) == nil || !texts.isEmpty {
            try QueueAttributeSetting(call: call, location: location).set(texts, of: &attributes)
        }
        attributes.tags = try QueueTags.adding(tags, to: [:], queue: name)
        let (present, isNew) = try await call.engine.queues.create(fullName, attributes)
        if !isNew { try checkSame(texts, present, attributes, location, call.home) }
        answer.text(SQSFields.queueUrl, call.url(of: location))
    }

    /// A queue's type is said at its creation, by one value alone.
    private static func isFIFO(_ texts: [(key: String, value: String)]) throws -> Bool {
        guard let value = texts.last(where: { $0.key == "FifoQueue" })?.value else { return false }
        guard value.lowercased() == "true" else { throw SQSError.unknownAttribute("FifoQueue") }
        return true
    }

    /// A queue of the same name is the same queue only when it has what is asked for.
    private static func checkSame(
        _ texts: [(key: String, value: String)], _ present: QueueAttributes, _ wanted: QueueAttributes,
        _ location: QueueLocation, _ home: Home
    ) throws {
        for (name, _) in texts {
            let has = QueueAttributeTexts.value(name, of: present, location, home)
            guard has == QueueAttributeTexts.value(name, of: wanted, location, home) else {
                throw SQSError.queueNameExists(different: name)
            }
        }
    }
}
