import Sluice
import SluiceWire

extension SQSAction {
    static let addPermission = SQSAction("AddPermission", hasResult: false) { call, _ in
        let queue = try call.queue(for: "AddPermission")
        let label = try call.required(SQSFields.label)
        guard (1...80).contains(label.utf8.count), label.utf8.allSatisfy(QueueNameCheck.isNameByte) else {
            throw SQSError.invalidValue(
                label, of: SQSFields.label.json,
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
        }
        let accounts = try call.parameters.texts(SQSFields.accountIDs)
        guard !accounts.isEmpty else { throw SQSError.missingParameter(SQSFields.accountIDs.json) }
        for account in accounts where Caller.account(of: account, home: "") != account {
            throw SQSError.invalidValue(account, of: "PrincipalId", "Unable to verify.")
        }
        let actions = try call.parameters.texts(SQSFields.actions)
        guard !actions.isEmpty else { throw SQSError.missingParameter(SQSFields.actions.json) }
        guard actions.count <= 7 else {
            throw SQSError.overLimit("\(actions.count) Actions were found, maximum allowed is 7.")
        }
        for action in actions { try checkGrantable(action) }
        let arn = queue.location.arn
        try await call.engine.queues.change(queue.name) { attributes in
            var policy = try attributes.policy.map(QueuePolicy.init(parsing:)) ?? QueuePolicy(ofQueue: arn)
            guard !policy.has(label) else {
                throw SQSError.invalidValue(label, of: SQSFields.label.json, "Already exists.")
            }
            policy.allow(actions, to: accounts, on: arn, label: label)
            attributes.policy = try policy.text()
        }
    }

    static let removePermission = SQSAction("RemovePermission", hasResult: false) { call, _ in
        let queue = try call.queue(for: "RemovePermission")
        let label = try call.required(SQSFields.label)
        try await call.engine.queues.change(queue.name) { attributes in
            var policy = try attributes.policy.map(QueuePolicy.init(parsing:)) ?? QueuePolicy(ofQueue: "")
            guard policy.has(label) else {
                throw SQSError.invalidValue(label, of: SQSFields.label.json, "can't find label.")
            }
            policy.remove(label)
            attributes.policy = policy.isEmpty ? nil : try policy.text()
        }
    }

    /// What another account can be allowed to do; the rest is the owner's alone.
    private static let grantable: Set<String> = [
        "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage",
    ]

    private static func checkGrantable(_ action: String) throws {
        guard !grantable.contains(action) else { return }
        throw SQSError.invalidValue(
            "SQS:\(action)", of: "ActionName",
            all[action] == nil
                ? "Please refer to the appropriate WSDL for a list of valid actions. "
                : "Only the queue owner is allowed to invoke this action.")
    }
}
