import NIOCore
import NIOHTTP1
import SluiceTesting

@testable import SluiceServer

/// A request as parts that can be damaged.
struct FuzzRequest: CustomStringConvertible {
    var uri = "/"
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    static func json(_ action: String, _ body: String) -> FuzzRequest {
        FuzzRequest(
            headers: [
                ("Host", "localhost:4566"), ("X-Amz-Target", "AmazonSQS.\(action)"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, "
                        + "Signature=00"
                ), ("X-Amz-Date", "20260101T000000Z"),
            ], body: Array(body.utf8))
    }

    static func query(_ form: String, uri: String = "/") -> FuzzRequest {
        FuzzRequest(
            uri: uri, headers: [("Host", "localhost"), ("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(form.utf8))
    }

    var request: ServerRequest {
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: uri, headers: HTTPHeaders(headers.map { ($0.name, $0.value) }))
        return ServerRequest(head, body: body[...], isTLS: false, peer: "")
    }

    var description: String {
        "\(uri) \(headers.map { "\($0.name): \($0.value)" }) \(String(decoding: body.prefix(2_000), as: UTF8.self))"
    }

    /// What hand-written parsers are known to stumble over.
    private static let pieces = [
        "\"", "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", "null", "-1", "1e999", "99999999999999999999", "%", "%00",
        "%f", "&", "=", ".", ".1.", ".-1.", ".99999999999.", "\u{0}", "\u{FFFF}", "ä", "\r\n", ":", ";", "/", "//",
        "..",
        "queue/", "arn:aws:sqs:::", "AAAA", "====", "true", "{}", "[]", ",", "T", "Z",
    ]

    /// One to six random damages.
    mutating func mutate(_ generator: inout SeededGenerator, others: [FuzzRequest]) {
        for _ in 0...Int.random(in: 0...5, using: &generator) {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...6: Self.mutate(&body, &generator, others: others.map(\.body))
            case 7:
                var bytes = Array(uri.utf8)
                Self.mutate(&bytes, &generator, others: others.map { Array($0.uri.utf8) })
                uri = String(decoding: bytes, as: UTF8.self)
            default:
                let index = headers.indices.randomElement(using: &generator) ?? 0
                var bytes = Array(headers[index].value.utf8)
                Self.mutate(&bytes, &generator, others: others.flatMap { $0.headers.map { Array($0.value.utf8) } })
                headers[index].value = String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator, others: [[UInt8]]) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let length = Int.random(in: 0...min(8, bytes.count - place), using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: bytes.replaceSubrange(place..<place + length, with: [])
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 2: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        case 3, 4:
            let piece = pieces.randomElement(using: &generator) ?? ""
            bytes.replaceSubrange(place..<place + length, with: Array(piece.utf8))
        case 5: bytes.removeSubrange(place...)
        case 6:
            // A part of itself once more.
            let from = Int.random(in: 0...bytes.count, using: &generator)
            let part = bytes[from..<min(bytes.count, from + 40)]
            bytes.insert(contentsOf: Array(part), at: place)
        default:
            guard let other = others.randomElement(using: &generator), !other.isEmpty else { return }
            let from = Int.random(in: 0..<other.count, using: &generator)
            bytes.replaceSubrange(place..<place + length, with: other[from..<min(other.count, from + 60)])
        }
        // Growing without end would test memory, and nothing else.
        if bytes.count > 20_000 { bytes.removeSubrange(20_000...) }
    }
}
