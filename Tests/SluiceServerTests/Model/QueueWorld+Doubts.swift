extension QueueWorld {
    /// All that may be after an operation whose outcome nobody was told, for the store died.
    func after(perhaps operation: Operation, _ facts: MessageBook.Facts) -> Set<QueueWorld> {
        var world = self
        do {
            try world.take(unanswered: operation, facts)
        } catch {
            // It cannot have been done.
            return [self]
        }
        return [self, world]
    }

    private mutating func take(unanswered operation: Operation, _ facts: MessageBook.Facts) throws(Contradiction) {
        switch operation {
        case .createQueue, .deleteQueue, .purgeQueue, .setQueueAttributes:
            try take(Step(client: 0, operation: operation, answer: .done, began: 0, ended: 0), facts)
        case .sendMessage(let name, let drafts): try send(drafts, nil, to: name)
        case .receiveMessage(let name, let options): receiveUnseen(options, from: name)
        case .deleteMessage(let name, let handles):
            for handle in handles { try delete(handle, .untold, from: name, facts) }
        case .changeMessageVisibility(let name, let changes):
            for change in changes { try changeVisibility(change, .untold, in: name, facts) }
        case .getQueueAttributes: break
        }
    }
}
