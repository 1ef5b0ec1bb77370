import NIOHTTP1
import Testing

@testable import SluiceServer

@Suite("Where a queue is")
struct QueueLocationTests {
    private let home = Home()
    private let caller = Caller(region: "eu-west-1", account: "000000000000", accessKeyID: nil)

    private func request(host: String, isTLS: Bool = false) -> ServerRequest {
        ServerRequest(
            HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["Host": host]), body: [],
            isTLS: isTLS,
            peer: "")
    }

    @Test("queues of the usual region and account are called by their names, others by all three")
    func names() {
        for (region, account, name) in [
            ("us-east-1", "000000000000", "q"), ("eu-west-1", "000000000000", "eu-west-1/000000000000/q"),
            ("us-east-1", "111111111111", "us-east-1/111111111111/q"),
        ] {
            let location = QueueLocation(region: region, account: account, name: "q")
            #expect(location.fullName(home) == name)
            #expect(QueueLocation(fullName: name, home) == location)
            #expect(QueueLocation(arn: location.arn) == location)
        }
    }

    @Test(
        "a URL leads to where the request has come to",
        arguments: [
            ("us-east-1", "localhost:4566", "http://localhost:4566/000000000000/q"),
            ("eu-west-1", "localhost:4566", "http://localhost:4566/queue/eu-west-1/000000000000/q"),
            ("eu-west-1", "sqs.eu-west-1.localhost:4566", "http://sqs.eu-west-1.localhost:4566/000000000000/q"),
            ("us-east-1", "sqs.eu-west-1.localhost", "http://sqs.eu-west-1.localhost/queue/us-east-1/000000000000/q"),
            ("eu-west-1", "eu-west-1.queue.localhost", "http://eu-west-1.queue.localhost/000000000000/q"),
        ])
    func urls(region: String, host: String, url: String) {
        let location = QueueLocation(region: region, account: "000000000000", name: "q")
        #expect(location.url(asAskedBy: request(host: host), home) == url)
        #expect(QueueLocation.places(ofURL: url, caller, home).first == location || region == home.region)
        #expect(QueueLocation.places(ofURL: url, caller, home).contains(location))
    }

    @Test("a server with TLS has URLs with https")
    func tls() {
        let location = QueueLocation(region: "us-east-1", account: "1", name: "q")
        #expect(location.url(asAskedBy: request(host: "h", isTLS: true), home) == "https://h/1/q")
    }

    @Test("the short forms mean the caller's region and account")
    func shortForms() {
        let expected = QueueLocation(region: "eu-west-1", account: "000000000000", name: "q")
        for url in ["q", "000000000000/q", "/000000000000/q", "http://h/000000000000/q"] {
            #expect(QueueLocation.places(ofURL: url, caller, home).first == expected, "\(url)")
        }
        #expect(QueueLocation.places(ofURL: "http://h/a/b/c/d/e", caller, home).isEmpty)
        #expect(QueueLocation.places(ofURL: "", caller, home).isEmpty)
    }

    @Test(
        "what is no ARN is none",
        arguments: ["", "dummy", "arn:aws:sns:us-east-1:1:q", "arn:aws:sqs:us-east-1:1", "arn:aws:sqs::1:q"])
    func arns(text: String) { #expect(QueueLocation(arn: text) == nil) }
}
