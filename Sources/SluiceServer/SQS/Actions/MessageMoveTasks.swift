import Foundation
import Sluice
import SluiceWire

extension SQSAction {
    static let startMessageMoveTask = SQSAction("StartMessageMoveTask") { call, answer in
        let source = try call.queue(atARN: try call.required(SQSFields.sourceArn), SQSFields.sourceArn)
        let destination = try call.parameters.text(SQSFields.destinationArn).map {
            try call.queue(atARN: $0, SQSFields.destinationArn)
        }
        let rate = try call.integer(
            SQSFields.messagesPerSecond, in: Limits.moveRate.now, otherwise: "Must be between 1 and 500, if provided.")
        let id: MessageID
        do {
            id = try await call.engine.queues.startMove(from: source.name, to: destination?.name, rate: rate)
        } catch let error as MoveError {
            throw wireError(of: error)
        }
        answer.text(SQSFields.taskHandle, MoveTaskHandle(id: id.description, source: source.location.arn).text)
    }

    static let cancelMessageMoveTask = SQSAction("CancelMessageMoveTask") { call, answer in
        guard let handle = MoveTaskHandle(text: try call.required(SQSFields.taskHandle)) else {
            throw SQSError.invalidParameter("Value for parameter TaskHandle is invalid.")
        }
        _ = try call.queue(atARN: handle.source, SQSFields.sourceArn)
        do {
            guard let id = MessageID(handle.id) else { throw MoveError.noTask }
            answer.integer(SQSFields.moved, try await call.engine.queues.cancelMove(id))
        } catch let error as MoveError {
            throw wireError(of: error)
        }
    }

    static let listMessageMoveTasks = SQSAction("ListMessageMoveTasks") { call, answer in
        let source = try call.queue(atARN: try call.required(SQSFields.sourceArn), SQSFields.sourceArn)
        let limit = try call.integer(
            SQSFields.maxResults, in: 1...10, otherwise: "Must be between 1 and 10, if provided.")
        let tasks = try await call.engine.queues.moves(from: source.name)
        answer.structures(SQSFields.results, count: min(tasks.count, limit ?? 1)) { answer, index in
            let task = tasks[index]
            let source = call.location(ofQueue: task.source).arn
            if task.status == .running {
                answer.text(
                    SQSFields.taskHandle, MoveTaskHandle(id: task.id.description, source: source).text)
            }
            answer.text(SQSFields.status, task.status.rawValue)
            answer.text(SQSFields.sourceArn, source)
            if let destination = task.destination {
                answer.text(SQSFields.destinationArn, call.location(ofQueue: destination).arn)
            }
            if let rate = task.rate { answer.integer(SQSFields.messagesPerSecond, rate) }
            answer.integer(SQSFields.moved, task.moved)
            answer.integer(SQSFields.toMove, task.toMove)
            if let failure = task.failure { answer.text(SQSFields.failureReason, failure) }
            answer.integer(SQSFields.started, Int(task.started.milliseconds))
        }
    }

    private static func wireError(of error: MoveError) -> WireError {
        switch error {
        case .noDeadLetterQueue:
            SQSError.invalidParameter("Source queue must be configured as a Dead Letter Queue.")
        case .underWay:
            SQSError.invalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
            )
        case .tooMany(let most): SQSError.overLimit("There are already \(most) active message movement tasks.")
        case .otherType: SQSError.invalidParameter("Source and destination queue must be of the same type.")
        case .ontoItself: SQSError.invalidParameter("Source and destination queue must not be the same.")
        case .noTask: SQSError.resourceNotFound("Task does not exist.")
        }
    }
}

/// What a client knows a move task by: JSON in base64.
private struct MoveTaskHandle {
    let id: String
    let source: String

    init(id: String, source: String) {
        self.id = id
        self.source = source
    }

    var text: String {
        var json = Array(#"{"taskId":"#.utf8)
        json.appendJSON(id)
        json += Array(#","sourceArn":"#.utf8)
        json.appendJSON(source)
        json.append(UInt8(ascii: "}"))
        return Data(json).base64EncodedString()
    }

    /// `nil` = it is none.
    init?(text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        do {
            let json = try JSONValue(parsing: Array(data)[...])
            guard let id = json.member("taskId")?.string, let source = json.member("sourceArn")?.string else {
                return nil
            }
            self.init(id: id, source: source)
        } catch {
            return nil
        }
    }
}

extension SQSCall {
    /// - Throws: `WireError` when it is no queue's ARN, or there is no such queue.
    fileprivate func queue(atARN arn: String, _ parameter: ParameterName) throws -> Queue {
        guard let location = QueueLocation(arn: arn) else {
            throw SQSError.invalidParameter(
                "You must use this format to specify the \(parameter.json): "
                    + "arn:<partition>:<service>:<region>:<account-id>:<resource-id>")
        }
        guard let queue = queue(at: location) else {
            throw SQSError.resourceNotFound(
                "The resource that you specified for the \(parameter.json) parameter doesn't exist.")
        }
        return queue
    }
}
