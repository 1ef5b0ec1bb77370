import NIOCore
import Sluice

/// What travels over `control.sock`, in both directions: a length, a kind, the number of the call, a payload.
///
///     length: UInt32   of what follows
///     kind:   UInt8
///     call:   UInt32   an answer has the number of its call
///     payload          JSON, or the binary form of a send
///
/// Requests are JSON because they are few and people may have to read them. A send is binary because it is on the
/// hot path: bodies are copied, never encoded.
struct ControlFrame: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        /// Client: a `ControlRequest`.
        case request = 1
        /// Server: a `ControlAnswer`.
        case answer = 2
        /// Server: a `ControlError`, for a request or a send.
        case failure = 3
        /// Client: messages for one queue (`SendPayload`).
        case send = 4
        /// Server: what became of them (`SendResultsPayload`).
        case sendResults = 5
        /// Client: the answer is no longer wanted. No payload.
        case cancel = 6
    }

    var kind: Kind
    var call: UInt32
    var payload: ByteBuffer

    /// A frame is at most this long, so that nobody makes a process hold more for it. 8 MB: a message of the largest
    /// size, many times over.
    static let longest = 8 << 20
    private static let headerLength = 5

    /// Appends the frame as it goes over the wire.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(Self.headerLength + payload.readableBytes))
        buffer.writeInteger(kind.rawValue)
        buffer.writeInteger(call)
        buffer.writeImmutableBuffer(payload)
    }
}

/// What a peer sent that is no frame. It ends that connection and nothing else.
struct FrameError: Error, CustomStringConvertible {
    let description: String
}

struct ControlFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ControlFrame

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = try Self.next(in: &buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        // A frame cut off by the end of the connection is nothing: its sender is gone.
        .needMoreData
    }

    /// Takes one frame off the front; `nil` = it is not all there yet.
    static func next(in buffer: inout ByteBuffer) throws -> ControlFrame? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard length >= 5, length <= ControlFrame.longest else {
            throw FrameError(description: "a frame of \(length) bytes; 5 to \(ControlFrame.longest) are allowed")
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let code = buffer.readInteger(as: UInt8.self), let call = buffer.readInteger(as: UInt32.self),
            let payload = buffer.readSlice(length: Int(length) - 5)
        else { return nil }
        guard let kind = ControlFrame.Kind(rawValue: code) else {
            throw FrameError(description: "a frame of the unknown kind \(code)")
        }
        return ControlFrame(kind: kind, call: call, payload: payload)
    }
}

struct ControlFrameEncoder: MessageToByteEncoder {
    typealias OutboundIn = ControlFrame

    func encode(data: ControlFrame, out: inout ByteBuffer) throws { data.write(to: &out) }
}
