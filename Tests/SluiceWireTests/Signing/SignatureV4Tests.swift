import Crypto
import Sluice
import Testing

@testable import SluiceWire

/// The vectors that AWS has published: of the S3 API reference, and of its Signature Version 4 test suite.
@Suite("Signature Version 4")
struct SignatureV4Tests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private static let time = "20130524T000000Z"
    private static let scope = SigningScope(day: "20130524", region: "us-east-1", service: "s3")
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/"
        var query = ""
        var headers: [(name: String, value: String)] = []
        var payloadHash = emptyHash
        var requestHash: String
        var signature: String
        var testDescription: String { name }
    }

    private static let vectors = [
        Vector(
            name: "a header beside", path: "/test.txt", headers: [("Range", "bytes=0-9")],
            requestHash: "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Vector(
            name: "a body, an encoded path", method: "PUT", path: "/test%24file.text",
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            requestHash: "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Vector(
            name: "a parameter without a value", query: "lifecycle",
            requestHash: "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Vector(
            name: "parameters in another order", query: "prefix=J&max-keys=2",
            requestHash: "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test("requests of the S3 reference are signed as there", arguments: vectors)
    func reference(_ vector: Vector) {
        let headers =
            vector.headers + [
                ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", vector.payloadHash),
                ("x-amz-date", Self.time),
            ]
        var request = CanonicalRequest(
            method: vector.method, path: vector.path, query: vector.query, headers: headers,
            signedHeaders: headers.map { $0.name.lowercased() }, payloadHash: vector.payloadHash)
        request.pathIsSignedAsItIs = true
        #expect(request.hash == vector.requestHash)
        let key = SignatureV4.key(secret: Self.secret, Self.scope)
        #expect(SignatureV4.signature(of: request, time: Self.time, Self.scope, key: key) == vector.signature)
    }

    @Test("a presigned address is signed as in the S3 reference")
    func presigned() throws {
        let query =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        let headers = [(name: "Host", value: "examplebucket.s3.amazonaws.com")]
        let signature = try RequestSignature(headers: headers, query: query)
        #expect(signature.form == .presigned(expires: .seconds(86_400)))
        #expect(signature.accessKeyID == "AKIAIOSFODNN7EXAMPLE")
        #expect(signature.scope == Self.scope)
        let request = CanonicalRequest(
            method: "GET", path: "/test.txt", query: query, headers: headers, signedHeaders: signature.signedHeaders,
            payloadHash: CanonicalRequest.unsignedPayload)
        #expect(request.hash == "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04")
        let key = SignatureV4.key(secret: Self.secret, signature.scope)
        #expect(
            SignatureV4.signature(of: request, time: signature.time, signature.scope, key: key) == signature.signature)
    }

    @Test("a request of the test suite for other services is signed as there")
    func otherService() {
        let scope = SigningScope(day: "20150830", region: "us-east-1", service: "service")
        let request = CanonicalRequest(
            method: "GET", path: "/", query: "",
            headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")],
            signedHeaders: ["host", "x-amz-date"], payloadHash: Self.emptyHash)
        #expect(request.hash == "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63")
        let key = SignatureV4.key(secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope)
        #expect(
            SignatureV4.signature(of: request, time: "20150830T123600Z", scope, key: key)
                == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    }

    @Test("the keys are those of the reference")
    func keys() {
        let text = { (secret: String, scope: SigningScope) in
            SignatureV4.key(secret: secret, scope).withUnsafeBytes { Hexadecimal.text(of: $0) }
        }
        #expect(
            text(Self.secret, Self.scope) == "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378")
        #expect(
            text(
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                SigningScope(day: "20150830", region: "us-east-1", service: "iam"))
                == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
    }

    @Test(
        "paths of other services are normalised, and encoded once more",
        arguments: [
            ("", "/"), ("/", "/"), ("//a//b", "/a/b"), ("/a/./b/../c", "/a/c"), ("/../..", "/"), ("/a/", "/a/"),
            ("/a%20b", "/a%2520b"), ("/000000000000/q.fifo", "/000000000000/q.fifo"),
        ])
    func paths(path: String, canonical: String) {
        let request = CanonicalRequest(
            method: "GET", path: path, query: "", headers: [], signedHeaders: [], payloadHash: "")
        #expect(request.text.split(separator: "\n", omittingEmptySubsequences: false)[1] == canonical)
    }

    @Test("of headers runs of spaces are one, and values of one name are joined")
    func headers() {
        let request = CanonicalRequest(
            method: "GET", path: "/", query: "", headers: [("B", "  x   y "), ("a", "1"), ("A", "2")],
            signedHeaders: ["b", "a"], payloadHash: "")
        #expect(request.text.contains("\na:1,2\nb:x y\n\na;b\n"))
    }
}

@Suite("What a request says of its signature")
struct RequestSignatureTests {
    private let time = "20260101T100000Z"
    private let credential = "AKID/20260101/eu-west-1/sqs/aws4_request"

    private func read(_ authorization: String, _ more: [(name: String, value: String)] = []) throws -> RequestSignature
    {
        try RequestSignature(
            headers: [("Authorization", authorization), ("X-Amz-Date", time)] + more, query: "")
    }

    @Test("an Authorization header is read with and without spaces")
    func header() throws {
        for separator in [", ", ",", " ,  "] {
            let found = try read(
                "AWS4-HMAC-SHA256 Credential=\(credential)\(separator)SignedHeaders=Host;x-amz-date\(separator)Signature=ab"
            )
            #expect(found.accessKeyID == "AKID")
            #expect(found.scope == SigningScope(day: "20260101", region: "eu-west-1", service: "sqs"))
            #expect(found.signedHeaders == ["host", "x-amz-date"])
            #expect(found.signature == "ab")
            #expect(found.form == .header)
        }
    }

    @Test("the Date header does where there is no other")
    func date() throws {
        let found = try RequestSignature(
            headers: [
                ("authorization", "AWS4-HMAC-SHA256 Credential=\(credential),SignedHeaders=host,Signature=ab"),
                ("Date", "Thu, 01 Jan 2026 10:00:00 GMT"),
            ], query: "")
        #expect(found.time == time)
    }

    @Test(
        "what is missing or makes no sense is said",
        arguments: [
            ("Basic abc", "algorithm"), ("AWS4-HMAC-SHA256 SignedHeaders=host", "'Credential' parameter"),
            ("AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=ab", "5 slash-delimited"),
            (
                "AWS4-HMAC-SHA256 Credential=AKID/20260102/r/sqs/aws4_request,SignedHeaders=host,Signature=ab",
                "does not match"
            ),
        ])
    func incomplete(authorization: String, words: String) {
        let error = #expect(throws: RequestSignature.Fault.self) { try read(authorization) }
        guard case .incomplete(let message) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains(words), "\(message)")
    }

    @Test("a request without a signature has none")
    func missing() {
        #expect(throws: RequestSignature.Fault.missing) {
            try RequestSignature(headers: [], query: "Action=ListQueues")
        }
    }

    @Test("moments are written and read the same", arguments: ["20130524T000000Z", "20000229T235959Z"])
    func moments(text: String) throws {
        let moment = try #require(SigningTime.moment(of: text))
        #expect(SigningTime.basic(moment) == text)
    }

    @Test("what is no moment is none", arguments: ["20130524T240000Z", "20130230T000000Z", "2013", "20130524 000000Z"])
    func noMoments(text: String) { #expect(SigningTime.moment(of: text) == nil) }
}
