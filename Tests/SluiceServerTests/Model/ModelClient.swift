/// A client of the port, which notes what it was answered.
struct ModelClient {
    let number: Int
    let book: MessageBook
    let folder: ServedFolder
    var connection: SQSConnection

    /// Asks once. A batch that is done entry by entry comes to as many steps.
    mutating func ask(_ operation: Operation, _ wire: WireForm, isQuiet: Bool = false) async -> [Step] {
        if case .sendMessage(_, let drafts) = operation { book.note(drafts) }
        let began = book.tick()
        let answer = await answer(to: operation, wire)
        let ended = book.tick()
        return Self.parts(operation, answer).map { operation, answer in
            Step(client: number, operation: operation, answer: answer, began: began, ended: ended, isQuiet: isQuiet)
        }
    }

    private mutating func answer(to operation: Operation, _ wire: WireForm) async -> Answer {
        do {
            return read(try await connection.ask(operation.request, wire), to: operation)
        } catch {
            book.report("\(operation): \(error)")
            return .unknown
        }
    }

    private static let unavailable = "ServiceUnavailable"
    private static let noQueue = "AWS.SimpleQueueService.NonExistentQueue"

    private static func parts(_ operation: Operation, _ answer: Answer) -> [(Operation, Answer)] {
        guard case .changeMessageVisibility(let queue, let changes) = operation else { return [(operation, answer)] }
        switch answer {
        case .entries(let codes):
            return zip(changes, codes).map { change, code in
                (.changeMessageVisibility(queue, [change]), entry(code))
            }
        case .unknown: return changes.map { (.changeMessageVisibility(queue, [$0]), .unknown) }
        default: return [(operation, answer)]
        }
    }

    /// An entry that is done by itself finds the store at its end, or the queue gone, by itself.
    private static func entry(_ code: String?) -> Answer {
        switch code {
        case unavailable: .unknown
        case noQueue: .refused(noQueue)
        default: .entries([code])
        }
    }

    // MARK: Answers

    private func read(_ answer: WireAnswer, to operation: Operation) -> Answer {
        if let code = answer.code { return refusal(code, of: operation) }
        let result = answer.result
        switch operation {
        case .createQueue, .deleteQueue, .purgeQueue, .setQueueAttributes: return .done
        case .sendMessage(_, let drafts): return sent(result, drafts)
        case .receiveMessage(let queue, _):
            let messages = result.list("Messages", query: "Message")
            return .received(messages.compactMap { book.sighting($0, from: queue, at: folder.now) })
        case .deleteMessage(_, let handles):
            return .entries(codes(result, of: "DeleteMessageBatch", handles.count))
        case .changeMessageVisibility(_, let changes):
            return .entries(codes(result, of: "ChangeMessageVisibilityBatch", changes.count))
        case .getQueueAttributes: return .attributes(result.texts("Attributes", query: "Attribute"))
        }
    }

    private func refusal(_ code: String, of operation: Operation) -> Answer {
        switch operation {
        case _ where code == Self.unavailable: .unknown
        case _ where code == Self.noQueue: .refused(code)
        case .deleteMessage, .changeMessageVisibility: .entries([code])
        default: .refused(code)
        }
    }

    private func sent(_ result: WireNode, _ drafts: [Draft]) -> Answer {
        if drafts.count == 1 { return .sent([book.sent(result, drafts[0])]) }
        let entries = result.list("Successful", query: "SendMessageBatchResultEntry")
        guard entries.map({ $0.text("Id") }) == drafts.indices.map({ "\($0)" }) else {
            book.report("a batch of \(drafts.count) was answered \(result)")
            return .sent([])
        }
        return .sent(zip(entries, drafts).map { book.sent($0, $1) })
    }

    /// Which entries of a batch failed, and with what; one alone has not.
    private func codes(_ result: WireNode, of action: String, _ count: Int) -> [String?] {
        if count == 1 { return [nil] }
        var codes = [String?](repeating: "no answer", count: count)
        for entry in result.list("Successful", query: "\(action)ResultEntry") {
            if let place = entry.text("Id").flatMap({ Int($0) }), codes.indices.contains(place) { codes[place] = nil }
        }
        for entry in result.list("Failed", query: "BatchResultErrorEntry") {
            guard let place = entry.text("Id").flatMap({ Int($0) }), codes.indices.contains(place) else { continue }
            codes[place] = entry.text("Code") ?? "no code"
        }
        return codes
    }
}
