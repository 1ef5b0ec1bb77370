package import Crypto

/// HMAC-SHA256 (RFC 2104) whose two states after the key are prepared once: a short message costs two blocks of SHA-256.
///
/// The library's own is generic over what it is given, in another module: for a receipt handle, looking its types up
/// took longer than the hashing.
package struct KeyedHash: Sendable {
    private var inner = SHA256()
    private var outer = SHA256()

    private static let blockLength = 64

    /// - Parameter key: at most a block of 64 bytes; a longer one would have to be hashed first.
    package init(key: [UInt8]) {
        precondition(key.count <= Self.blockLength)
        let block = key + [UInt8](repeating: 0, count: Self.blockLength - key.count)
        inner.update(bytes: block.map { $0 ^ 0x36 })
        outer.update(bytes: block.map { $0 ^ 0x5C })
    }

    package mutating func update(_ bytes: [UInt8]) { inner.update(bytes: bytes) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { inner.update(bufferPointer: bytes) }

    package func finalize() -> SHA256.Digest {
        var result = outer
        inner.finalize().withUnsafeBytes { result.update(bufferPointer: $0) }
        return result.finalize()
    }
}

extension SHA256 {
    fileprivate mutating func update(bytes: [UInt8]) { bytes.withUnsafeBytes { update(bufferPointer: $0) } }
}
