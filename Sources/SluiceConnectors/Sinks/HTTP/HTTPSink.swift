import AsyncHTTPClient
package import Logging
import NIOCore
import NIOHTTP1
package import Sluice

/// Requests to one HTTP address: a batch as one request (`array`, `jsonl`), or each record as one (`single`).
///
/// **What is promised.** A record counts as delivered after a 2xx answer that was read to its end and does not name it
/// as failed. What has no such answer is sent again, with the same `Idempotency-Key` as long as it comes in the same
/// batch; an API that knows the key takes it once. A sink that is made anew (a crash) knows nothing of before.
///
/// **What was taken of a batch that was not taken as a whole** (`single` up to a record that failed, an answer that names
/// failed records) is remembered until it is settled, and is not sent again.
///
/// **Order.** Requests of one write go one after the other. `single` stops at the first record that is not taken: what
/// comes behind it may be of its group, and only the delivery knows what becomes of it.
package struct HTTPSink: RecordSink {
    private let plan: HTTPPlan
    private let transport: HTTPTransport
    private let taken = HTTPTaken()

    /// - Parameter environment: names proxies and trusted certificates.
    /// - Throws: what the delivery says and cannot mean. Nothing is connected to yet.
    package init(
        _ deliver: Deliver, url: String, environment: [String: String], logger: Logger
    ) throws(SinkCatalogue.Mistake) {
        plan = try HTTPPlan(deliver, url: url)
        transport = HTTPTransport(plan, environment: environment, logger: logger)
    }

    package func write(_ batch: [SinkRecord]) async throws(SinkError) -> [SinkEffect] {
        let open = taken.others(in: batch)
        let deadline = NIODeadline.now() + TimeAmount(plan.timeout)
        switch plan.body {
        case .single:
            for index in open { try await send(batch, [index], deadline) }
        case .array, .jsonl:
            let refused = open.compactMap { HTTPBody.refusal(of: batch[$0], at: $0) }
            if !refused.isEmpty { throw .rejected(refused) }
            if !open.isEmpty { try await send(batch, open, deadline) }
        }
        return batch.map { _ in .written }
    }

    package func settled(_ records: [RecordIdentity]) { taken.forget(records) }

    /// Sends no record: any answer to OPTIONS shows that somebody is there, but for those that refuse us.
    package func probe() async throws(SinkError) {
        var request = HTTPClientRequest(url: plan.address.url)
        request.method = .OPTIONS
        request.headers = plan.headers
        request.headers.remove(name: "Content-Type")
        let answer = try await transport.send(request, deadline: .now() + TimeAmount(plan.timeout))
        guard answer.isRedirect || [401, 403, 404, 407].contains(answer.status) else { return }
        throw HTTPVerdict.unavailable(answer, to: "OPTIONS", plan)
    }

    package func close() async { await transport.close() }

    /// Sends the records of `batch` at `indices` in one request.
    /// - Throws: what that means for the batch, unless all of them were taken.
    private func send(_ batch: [SinkRecord], _ indices: [Int], _ deadline: NIODeadline) async throws(SinkError) {
        let records = indices.map { batch[$0] }
        let answer = try await transport.send(try request(records), deadline: deadline)
        switch HTTPVerdict(answer, of: records.count, plan) {
        case .taken(let failed) where failed.isEmpty:
            if records.count < batch.count { taken.insert(records) }
        case .taken(let failed):
            let failedPlaces = Set(failed.map(\.index))
            taken.insert(records.enumerated().filter { !failedPlaces.contains($0.offset) }.map(\.element))
            throw .rejected(
                failed.map { SinkRejection(index: indices[$0.index], reason: $0.reason, type: $0.type) })
        case .refused(let reason, let type, let isTooLarge):
            if indices.count == 1 { throw .rejected([SinkRejection(index: indices[0], reason: reason, type: type)]) }
            throw isTooLarge ? .tooLarge(reason: reason, type: type) : .batchRejected(reason: reason, type: type)
        case .service(let error): throw error
        }
    }

    private func request(_ records: [SinkRecord]) throws(SinkError) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: plan.address.url)
        request.method = plan.method
        request.headers = plan.headers
        request.headers.add(name: "Idempotency-Key", value: IdempotencyKey.of(records))
        let body = HTTPBody.bytes(of: records, as: plan.body)
        request.body = .bytes(ByteBuffer(bytes: plan.isCompressed ? Gzip.compress(body) : body))
        return request
    }
}

extension TimeAmount {
    init(_ duration: Duration) { self = .milliseconds(duration.milliseconds) }
}
