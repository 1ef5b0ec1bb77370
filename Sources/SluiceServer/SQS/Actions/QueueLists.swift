import Foundation
import Sluice
import SluiceWire

extension SQSAction {
    static let listQueues = SQSAction("ListQueues") { call, answer in
        let prefix = try call.parameters.text(SQSFields.queueNamePrefix) ?? ""
        let page = try Page(call, of: call.ownQueues(prefix: prefix).map(\.name))
        answer.texts(SQSFields.queueUrls, page.names.map { call.url(ofOwnQueue: $0) })
        if let next = page.next { answer.text(SQSFields.nextToken, next) }
    }

    static let listDeadLetterSourceQueues = SQSAction("ListDeadLetterSourceQueues") { call, answer in
        let queue = try call.queue()
        let sources = call.engine.queues.list(prefix: "").filter {
            call.engine.queues.find($0)?.attributes.redrive?.target == queue.name
        }
        let page = try Page(call, of: sources)
        answer.texts(SQSFields.sourceQueueUrls, page.names.map { call.url(of: call.location(ofQueue: $0)) })
        if let next = page.next { answer.text(SQSFields.nextToken, next) }
    }

    /// A part of a list in order of name: a token is the last name of the page before.
    private struct Page {
        let names: [String]
        /// `nil` = that was all, or nobody has asked for pages.
        let next: String?

        init(_ call: SQSCall, of all: [String]) throws {
            let limit = try call.integer(
                SQSFields.maxResults, in: 1...1_000, otherwise: "Must be between 1 and 1000, if provided.")
            var rest = all[...]
            if let token = try call.parameters.text(SQSFields.nextToken), !token.isEmpty {
                guard let data = Data(base64Encoded: token) else {
                    throw SQSError.invalidValue(token, of: SQSFields.nextToken.json, "Invalid or expired next token.")
                }
                let last = String(decoding: data, as: UTF8.self)
                rest = all.drop { !last.utf8.lexicographicallyPrecedes($0.utf8) }
            }
            names = Array(rest.prefix(limit ?? 1_000))
            let isPaged = limit != nil && rest.count > names.count
            next = isPaged ? names.last.map { Data($0.utf8).base64EncodedString() } : nil
        }
    }
}

extension SQSCall {
    func url(ofOwnQueue name: String) -> String {
        url(of: QueueLocation(region: caller.region, account: caller.account, name: name))
    }
}
