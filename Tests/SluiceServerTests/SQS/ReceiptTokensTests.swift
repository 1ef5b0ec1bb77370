import Sluice
import Testing

@testable import SluiceServer

@Suite("Receipt handles of clients")
struct ReceiptTokensTests {
    private let tokens = ReceiptTokens(secret: Array(repeating: 7, count: 32))
    private let receipt = ReceiptHandle(
        message: MessageID(high: 1, low: 2), generation: 3, place: .init(chunk: 4, index: 5))
    private let time = Timestamp(milliseconds: 1_700_000_000_000)

    @Test("a handle is read as it was written")
    func same() throws {
        let token = tokens.token(of: receipt, queue: "q", at: time)
        let found = try #require(tokens.receipt(of: token, queue: "q"))
        #expect(found.receipt == receipt)
        #expect(found.received == time)
    }

    @Test("one of another queue, or of another folder, is none")
    func others() {
        let token = tokens.token(of: receipt, queue: "q", at: time)
        #expect(tokens.receipt(of: token, queue: "other") == nil)
        #expect(ReceiptTokens(secret: Array(repeating: 8, count: 32)).receipt(of: token, queue: "q") == nil)
    }

    @Test("a handle that is shortened, lengthened or changed anywhere is none")
    func forged() {
        let token = Array(tokens.token(of: receipt, queue: "q", at: time).utf8)
        for length in 0..<token.count {
            #expect(tokens.receipt(of: String(decoding: token[..<length], as: UTF8.self), queue: "q") == nil)
        }
        #expect(tokens.receipt(of: String(decoding: token, as: UTF8.self) + "AAAA", queue: "q") == nil)
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(tokens.receipt(of: String(decoding: changed, as: UTF8.self), queue: "q") == nil)
        }
    }
}
