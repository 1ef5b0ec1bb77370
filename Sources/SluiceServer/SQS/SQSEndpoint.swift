import Logging
import NIOHTTP1
import Sluice
import SluiceWire

/// SQS: finds the action of a request, has it done, and writes what came of it in the protocol it was asked in.
final class SQSEndpoint: Sendable {
    private let engine: ServerEngine
    private let home: Home
    private let receipts: ReceiptTokens
    private let logger: Logger

    static let targetPrefix = "AmazonSQS."
    static let version = "2012-11-05"

    init(engine: ServerEngine, home: Home, logger: Logger) {
        self.engine = engine
        self.home = home
        self.receipts = ReceiptTokens(secret: engine.secret)
        self.logger = logger
    }

    /// The protocol in which a request asks SQS; `nil` = it is not for SQS.
    static func wire(of request: ServerRequest) -> WireProtocol? {
        if let target = request.header("x-amz-target") { return target.hasPrefix(targetPrefix) ? .json : nil }
        let isForm = request.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true
        if isForm
            || request.query.utf8.split(separator: UInt8(ascii: "&")).contains(where: {
                $0.starts(with: "Action=".utf8)
            })
        {
            return .query
        }
        let isSigned = request.header("authorization")?.contains("/sqs/\(SigningScope.end)") == true
        return isSigned || QueueHost(request.host).region != nil || QueueLocation.isPath(request.path) ? .query : nil
    }

    /// A queue's own URL without an action is nothing.
    private static let nothingAsked = ServerAnswer(
        status: 404, contentType: "text/xml", body: Array("<UnknownOperationException/>\n".utf8))

    func respond(
        to request: ServerRequest, _ wire: WireProtocol, _ caller: () throws -> Caller
    ) async -> ServerAnswer {
        var random = SystemRandomNumberGenerator()
        let requestID = MessageID.random(using: &random).description
        do {
            // Who asks comes first: whoever may not is told nothing else.
            let caller = try caller()
            let (name, parameters) = try Self.read(request, wire)
            if name.isEmpty, wire == .query { return Self.nothingAsked }
            let isOfQueue = wire == .query && QueueLocation.isPath(request.path)
            guard let action = SQSAction.all[name], !(isOfQueue && action.isOfAccount) else {
                throw SQSError.invalidAction(name)
            }
            let call = SQSCall(
                parameters: parameters, request: request, caller: caller, wire: wire, home: home, engine: engine,
                receipts: receipts, logger: logger)
            var answer = AnswerWriter(wire, action: name, namespace: SQSError.xmlNamespace)
            try await action.run(call, &answer)
            answer.finish(requestID: requestID, hasResult: action.hasResult)
            return Self.answer(200, answer.bytes, wire, requestID)
        } catch {
            return refuse(error, wire, requestID)
        }
    }

    private static func read(
        _ request: ServerRequest, _ wire: WireProtocol
    ) throws -> (action: String, Parameters) {
        do throws(ParameterFault) {
            switch wire {
            case .json:
                let target = request.header("x-amz-target") ?? ""
                return (String(target.dropFirst(targetPrefix.count)), .json(try JSONParameters(body: request.body)))
            case .query:
                var form = Array(request.query.utf8)
                if !form.isEmpty, !request.body.isEmpty { form.append(UInt8(ascii: "&")) }
                form += request.body
                let parameters = Parameters.query(try QueryParameters(form: form[...]))
                guard let action = try parameters.text(ParameterName("Action")) else { return ("", parameters) }
                return (action, parameters)
            }
        } catch {
            throw SQSError.unreadable(error)
        }
    }

    private func refuse(_ error: any Error, _ wire: WireProtocol, _ requestID: String) -> ServerAnswer {
        let error = WireError(error)
        if error.status >= 500 { logger.warning("an SQS request failed", metadata: ["error": "\(error.message)"]) }
        var answer = Self.answer(
            error.status, error.body(wire, requestID: requestID, xmlNamespace: SQSError.xmlNamespace), wire, requestID)
        // SDKs that once spoke the Query protocol show its codes still.
        if wire == .json { answer.headers.append(("x-amzn-query-error", "\(error.code);\(error.fault)")) }
        return answer
    }

    private static func answer(
        _ status: Int, _ body: [UInt8], _ wire: WireProtocol, _ requestID: String
    ) -> ServerAnswer {
        ServerAnswer(
            status: status, contentType: wire == .json ? "application/x-amz-json-1.0" : "text/xml",
            headers: [("x-amzn-RequestId", requestID)], body: body)
    }
}
