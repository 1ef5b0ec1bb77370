import Sluice
import SluiceWire

extension SQSAction {
    static let getQueueUrl = SQSAction("GetQueueUrl") { call, answer in
        let name = try call.required(SQSFields.queueName)
        let account = try call.parameters.text(SQSFields.ownerAccount) ?? call.caller.account
        let location = QueueLocation(region: call.caller.region, account: account, name: name)
        guard call.queue(at: location) != nil else { throw SQSError.queueDoesNotExist }
        answer.text(SQSFields.queueUrl, call.url(of: location))
    }

    static let getQueueAttributes = SQSAction("GetQueueAttributes") { call, answer in
        let queue = try call.queue(for: "GetQueueAttributes")
        let names = try call.parameters.texts(SQSFields.attributeNames)
        let depth = names.isEmpty ? QueueDepth() : try await call.engine.queues.depth(of: queue.name)
        let values = try QueueAttributeTexts.read(names, of: queue.attributes, depth, queue.location, call.home)
        answer.map(SQSFields.attributes, values)
    }

    static let setQueueAttributes = SQSAction("SetQueueAttributes", hasResult: false) { call, _ in
        let queue = try call.queue(for: "SetQueueAttributes")
        guard let texts = try call.parameters.map(SQSFields.attributes), !texts.isEmpty else {
            throw SQSError.missingParameter("Attribute.Name")
        }
        if let owner = queue.listed.owner, texts.contains(where: { $0.key != "Policy" }) {
            throw QueueError.usedByPipeline(queue: queue.name, pipeline: owner.pipeline)
        }
        let setting = QueueAttributeSetting(call: call, location: queue.location)
        let now = call.engine.clock.now
        try await call.engine.queues.change(queue.name) { attributes in
            try setting.set(texts, of: &attributes)
            attributes.modified = now
        }
    }

    static let deleteQueue = SQSAction("DeleteQueue", hasResult: false) { call, _ in
        try await call.engine.queues.delete(try call.queue(for: "DeleteQueue").name)
    }

    static let purgeQueue = SQSAction("PurgeQueue", hasResult: false) { call, _ in
        let queue = try call.queue(for: "PurgeQueue")
        try await call.engine.queues.purge(queue.name, who: call.who)
    }
}

extension SQSCall {
    /// The queue of the request, if its policy does not forbid the action.
    func queue(for action: String) throws -> Queue {
        let queue = try queue()
        try check(action, on: queue)
        return queue
    }

    /// - Throws: `WireError` when the queue's policy forbids it.
    func check(_ action: String, on queue: Queue) throws {
        guard let text = queue.attributes.policy else { return }
        guard try QueuePolicy(parsing: text).denies(action, to: caller.account) else { return }
        throw SQSError.accessDenied(
            "User: arn:aws:iam::\(caller.account):root is not authorized to perform: sqs:\(action.lowercased()) on resource: "
                + "\(queue.location.arn) with an explicit deny in a resource-based policy")
    }
}
