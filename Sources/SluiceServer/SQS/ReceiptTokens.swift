import Crypto
import Sluice
import SluiceWire

/// The receipt handles that clients are given: the engine's receipt, and a code that only this folder can make, over it
/// and the name of its queue. One of another queue or another folder, a forged one and a shortened one are told at once.
struct ReceiptTokens: Sendable {
    private let keyed: KeyedHash

    private static let version: UInt8 = 1
    private static let receiptLength = 1 + 16 + 4 + 8 + 4 + 8
    private static let codeLength = 16

    init(secret: [UInt8]) {
        // Never the folder's secret itself: what it is for elsewhere is nobody's business here.
        let key = HMAC<SHA256>.authenticationCode(for: Array("receipts".utf8), using: SymmetricKey(data: secret))
        keyed = KeyedHash(key: Array(key))
    }

    /// - Parameter time: of the receive.
    func token(of receipt: ReceiptHandle, queue: String, at time: Timestamp) -> String {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(Self.receiptLength + Self.codeLength)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        append(receipt.message.high)
        append(receipt.message.low)
        append(receipt.generation)
        append(receipt.place?.chunk ?? 0)
        append(receipt.place?.index ?? 0)
        append(time.milliseconds)
        bytes += code(of: bytes, queue)
        var text: [UInt8] = []
        Base64.append(bytes[...], to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` = it is none of this queue.
    func receipt(of token: String, queue: String) -> (receipt: ReceiptHandle, received: Timestamp)? {
        let bytes: [UInt8]
        do throws(Base64.Mistake) {
            bytes = try Base64.decode(Bytes(token))
        } catch {
            return nil
        }
        guard bytes.count == Self.receiptLength + Self.codeLength, bytes[0] == Self.version else { return nil }
        let content = Array(bytes[..<Self.receiptLength])
        guard SignatureV4.isEqual(code(of: content, queue), Array(bytes[Self.receiptLength...])) else { return nil }
        var position = 1
        func next<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
            defer { position += MemoryLayout<Value>.size }
            return content[position..<position + MemoryLayout<Value>.size].reduce(0) {
                $0 << 8 | Value(truncatingIfNeeded: $1)
            }
        }
        let message = MessageID(high: next(UInt64.self), low: next(UInt64.self))
        let generation = next(UInt32.self)
        let place = ReceiptHandle.Place(chunk: next(Int64.self), index: next(Int32.self))
        let received = Timestamp(milliseconds: next(Int64.self))
        return (ReceiptHandle(message: message, generation: generation, place: place), received)
    }

    private func code(of bytes: [UInt8], _ queue: String) -> [UInt8] {
        var hash = keyed
        hash.update(bytes)
        hash.update(Array(queue.utf8))
        return hash.finalize().withUnsafeBytes { Array($0.prefix(Self.codeLength)) }
    }
}
