import Foundation
import Logging
import Sluice
import SluiceEmbedded
import SluiceTesting
import Testing

@testable import SluiceServer

/// Damaged requests of both protocols against everything behind the port: no crash, no hang, no answer of 500.
///
/// `FUZZ_INPUTS` says how many (20,000 by default), `FUZZ_SEED` from where; `scripts/fuzz` runs millions.
@Suite("Damaged requests")
struct WireFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let inputs = environment["FUZZ_INPUTS"].flatMap { Int($0) } ?? 20_000
    private static let seed = environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)

    private static func samples(handle: String) -> [FuzzRequest] {
        let attributes =
            #"{"a":{"DataType":"String","StringValue":"x"},"b":{"DataType":"Binary","BinaryValue":"AAE="}}"#
        let entry = #"{"Id":"1","MessageBody":"b","DelaySeconds":3,"MessageAttributes":\#(attributes)}"#
        return [
            .json("CreateQueue", #"{"QueueName":"fuzz","Attributes":{"DelaySeconds":"0"},"tags":{"a":"b"}}"#),
            .json("CreateQueue", #"{"QueueName":"f.fifo","Attributes":{"FifoQueue":"true","RedrivePolicy":"{}"}}"#),
            .json("SendMessage", #"{"QueueUrl":"q","MessageBody":"a\u00e4\n","MessageAttributes":\#(attributes)}"#),
            .json("SendMessageBatch", #"{"QueueUrl":"http://h/000000000000/q","Entries":[\#(entry),\#(entry)]}"#),
            .json(
                "ReceiveMessage",
                #"{"QueueUrl":"q","MaxNumberOfMessages":2,"VisibilityTimeout":0,"AttributeNames":["All"],"MessageAttributeNames":["a.*"]}"#
            ),
            .json("DeleteMessage", #"{"QueueUrl":"q","ReceiptHandle":"\#(handle)"}"#),
            .json("ChangeMessageVisibility", #"{"QueueUrl":"q","ReceiptHandle":"\#(handle)","VisibilityTimeout":0}"#),
            .json("DeleteMessageBatch", #"{"QueueUrl":"q","Entries":[{"Id":"a","ReceiptHandle":"\#(handle)"}]}"#),
            .json("GetQueueAttributes", #"{"QueueUrl":"q","AttributeNames":["All"]}"#),
            .json(
                "SetQueueAttributes",
                #"{"QueueUrl":"q","Attributes":{"Policy":"{\"Statement\":[]}","RedriveAllowPolicy":"{}"}}"#),
            .json("AddPermission", #"{"QueueUrl":"q","Label":"l","AWSAccountIds":["000000000000"],"Actions":["*"]}"#),
            .json("ListQueues", #"{"QueueNamePrefix":"q","MaxResults":1,"NextToken":"cQ=="}"#),
            .json("CancelMessageMoveTask", #"{"TaskHandle":"eyJ0YXNrSWQiOiJhIiwic291cmNlQXJuIjoiYXJuIn0="}"#),
            .json("StartMessageMoveTask", #"{"SourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}"#),
            .query(
                "Action=SendMessage&QueueUrl=q&MessageBody=a%20b&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v"
            ),
            .query(
                "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=1&SendMessageBatchRequestEntry.1.MessageBody=b",
                uri: "/000000000000/q"),
            .query(
                "Action=ReceiveMessage&AttributeName.1=All&VisibilityTimeout=0", uri: "/queue/us-east-1/000000000000/q"),
            .query(
                "",
                uri:
                    "/?Action=ListQueues&Version=2012-11-05&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fr%2Fsqs%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
            ),
        ]
    }

    @Test("none of them is answered with 500, whoever may ask", .timeLimit(.minutes(60)))
    func requests() async throws {
        let folder = NSTemporaryDirectory() + "/sluice-fuzz-" + UUID().uuidString
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let clock = ManualClock()
        let engine = try await EmbeddedEngine.open(
            folder: folder, create: true, version: "test", logger: logger
        ) { _ in clock }
        _ = try await engine.directory.create("q", QueueAttributes(created: clock.now))
        let served = ServerEngine(
            queues: engine.directory, clock: clock, secret: engine.secret, reports: { [] },
            detail: { throw ControlError.unknown($0) })
        let servers = [
            Endpoints(engine: served, access: .everybody(allowedHosts: []), home: Home(), logger: logger),
            Endpoints(engine: served, access: .keys(AccessKeys(["AKID": "s"])), home: Home(), logger: logger),
        ]
        var generator = SeededGenerator(seed: Self.seed)
        let receipt = ReceiptHandle(
            message: MessageID(high: 1, low: 2), generation: 1, place: .init(chunk: 1, index: 0))
        let handle = ReceiptTokens(secret: engine.secret).token(of: receipt, queue: "q", at: clock.now)
        let samples = Self.samples(handle: handle)
        for server in servers.prefix(1) {
            for sample in samples { _ = await server.respond(to: sample.request) }
        }
        var statuses: [Int: Int] = [:]
        for number in 0..<Self.inputs {
            var input = samples[number % samples.count]
            input.mutate(&generator, others: samples)
            // Nobody waits for a message here.
            guard !input.description.contains("WaitTimeSeconds") else { continue }
            let answer = await servers[number / samples.count % 4 == 3 ? 1 : 0].respond(to: input.request)
            statuses[answer.status, default: 0] += 1
            #expect(
                answer.status != 500,
                "seed \(Self.seed), input \(number): \(input)\n\(String(decoding: answer.body, as: UTF8.self))")
            #expect(String(validating: answer.body, as: UTF8.self) != nil)
            if number % 1_000 == 999 { clock.advance(by: .minutes(2)) }
        }
        // Enough of them get through to the queue.
        #expect(statuses[200, default: 0] > Self.inputs / 50, "\(statuses)")
        await engine.close()
        try FileManager.default.removeItem(atPath: folder)
    }
}
