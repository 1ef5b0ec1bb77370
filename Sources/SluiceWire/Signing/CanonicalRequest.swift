import Crypto
package import Foundation

/// A request as Signature Version 4 signs it, on either side.
package struct CanonicalRequest: Sendable {
    package var method: String
    /// As it stands in the request line, before the `?`.
    package var path: String
    /// As it stands in the request line, behind the `?`.
    package var query: String
    /// All headers of the request; names in any case.
    package var headers: [(name: String, value: String)]
    /// The names of those that are signed, in lower case.
    package var signedHeaders: [String]
    /// The hexadecimal SHA-256 of the body, or the word that stands for it.
    package var payloadHash: String
    /// S3 signs a path as it is; every other service normalises it and encodes it once more.
    package var pathIsSignedAsItIs = false

    package static let unsignedPayload = "UNSIGNED-PAYLOAD"
    /// Takes no part in what it is itself made of.
    static let signatureParameter = "X-Amz-Signature"

    package init(
        method: String, path: String, query: String, headers: [(name: String, value: String)], signedHeaders: [String],
        payloadHash: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.signedHeaders = signedHeaders
        self.payloadHash = payloadHash
    }

    package var text: String {
        """
        \(method)
        \(canonicalPath)
        \(canonicalQuery)
        \(canonicalHeaders)
        \(signedHeaders.sorted().joined(separator: ";"))
        \(payloadHash)
        """
    }

    package var hash: String { Hexadecimal.sha256(of: Array(text.utf8)) }

    private var canonicalPath: String {
        guard !path.isEmpty else { return "/" }
        if pathIsSignedAsItIs { return PercentCoding.encode(PercentCoding.decode(path.utf8), keepsSlash: true) }
        return PercentCoding.encode(Self.normalised(path), keepsSlash: true)
    }

    /// Without dot segments and doubled slashes.
    private static func normalised(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") {
            switch segment {
            case ".": break
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        let joined = "/" + segments.joined(separator: "/")
        return path.hasSuffix("/") && joined != "/" ? joined + "/" : joined
    }

    private var canonicalQuery: String {
        QueryString.pairs(of: query).filter { $0.name != Self.signatureParameter.utf8Bytes }
            .map { (PercentCoding.encode($0.name), PercentCoding.encode($0.value)) }
            .sorted { ($0.0.utf8Bytes, $0.1.utf8Bytes) < ($1.0.utf8Bytes, $1.1.utf8Bytes) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// Each of the signed ones, also those that the request does not have: then the signature cannot match.
    private var canonicalHeaders: String {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(Self.collapsed(header.value)) }
        return signedHeaders.sorted().map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
    }

    /// Trimmed, and every run of spaces one.
    private static func collapsed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}

/// The part of an address behind the `?`.
package enum QueryString {
    /// Names and values, decoded; a name without a value has an empty one.
    package static func pairs(of query: String) -> [(name: [UInt8], value: [UInt8])] {
        query.utf8.split(separator: UInt8(ascii: "&")).map { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (PercentCoding.decode(parts[0]), parts.count > 1 ? PercentCoding.decode(parts[1]) : [])
        }
    }
}

package enum Hexadecimal {
    package static func text(of digest: some ContiguousBytes) -> String {
        digest.withUnsafeBytes { bytes in
            String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
                for (index, byte) in bytes.enumerated() {
                    buffer[2 * index] = digit(byte >> 4)
                    buffer[2 * index + 1] = digit(byte & 0xF)
                }
                return 2 * bytes.count
            }
        }
    }

    package static func sha256(of bytes: some Sequence<UInt8>) -> String {
        var hasher = SHA256()
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable {
            hasher.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
        if isContiguous == nil { hasher.update(data: Array(bytes)) }
        return text(of: hasher.finalize())
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension String {
    fileprivate var utf8Bytes: [UInt8] { Array(utf8) }
}

private func < (left: ([UInt8], [UInt8]), right: ([UInt8], [UInt8])) -> Bool {
    left.0 == right.0 ? left.1.lexicographicallyPrecedes(right.1) : left.0.lexicographicallyPrecedes(right.0)
}
