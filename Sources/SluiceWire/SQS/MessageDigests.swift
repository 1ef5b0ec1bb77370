import Crypto
package import Sluice

/// The MD5s that SQS answers, so that a client sees that its message arrived as it was.
package enum MessageDigests {
    package static func body(_ body: Bytes) -> String {
        var digest = Insecure.MD5()
        body.withUnsafeBytes { digest.update(bufferPointer: $0) }
        return Hexadecimal.text(of: digest.finalize())
    }

    /// Of message attributes, in order of name: length and bytes of name, type and value, and of which kind it is.
    /// `nil` = there are none.
    package static func attributes(_ attributes: [MessageAttribute]) -> String? {
        guard !attributes.isEmpty else { return nil }
        var digest = Insecure.MD5()
        for attribute in attributes.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            add(Array(attribute.name.utf8)[...], to: &digest)
            add(Array(attribute.type.utf8)[...], to: &digest)
            switch attribute.value {
            case .text(let bytes):
                digest.update(data: [1])
                add(bytes, to: &digest)
            case .binary(let bytes):
                digest.update(data: [2])
                add(bytes, to: &digest)
            }
        }
        return Hexadecimal.text(of: digest.finalize())
    }

    /// Of the one system attribute that can be sent.
    package static func traceHeader(_ traceHeader: String) -> String? {
        attributes([MessageAttribute(name: "AWSTraceHeader", type: "String", value: .text(Bytes(traceHeader)))])
    }

    private static func add(_ bytes: Bytes, to digest: inout Insecure.MD5) {
        withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { digest.update(bufferPointer: $0) }
        bytes.withUnsafeBytes { digest.update(bufferPointer: $0) }
    }
}
