import Crypto
import Testing

@testable import Sluice

@Suite("The keyed hash of persons and receipt handles")
struct KeyedHashTests {
    @Test("is HMAC-SHA256", arguments: [0, 1, 32, 63, 64], [0, 1, 41, 55, 56, 63, 64, 65, 200])
    func isHMAC(_ keyLength: Int, _ length: Int) {
        let key = (0..<keyLength).map { UInt8($0) }
        let message = (0..<length).map { UInt8($0) }
        var hash = KeyedHash(key: key)
        hash.update(Array(message.prefix(length / 3)))
        hash.update(Array(message.dropFirst(length / 3)))
        let expected = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
        #expect(Array(hash.finalize()) == Array(expected))
    }
}
