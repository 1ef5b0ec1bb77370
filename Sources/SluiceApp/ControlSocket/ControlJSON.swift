import Foundation
import NIOCore
import Sluice

/// JSON payloads of control frames.
enum ControlJSON {
    static func encode(_ value: some Encodable, allocator: ByteBufferAllocator) throws -> ByteBuffer {
        let data = try JSONEncoder().encode(value)
        var buffer = allocator.buffer(capacity: data.count)
        buffer.writeBytes(data)
        return buffer
    }

    static func decode<Value: Decodable>(_: Value.Type, from payload: ByteBuffer) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(payload.readableBytesView))
    }
}
