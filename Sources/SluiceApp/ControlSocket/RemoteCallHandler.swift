import NIOCore
import Sluice

/// What a client writes into its channel.
enum RemoteCall: Sendable {
    case begin(ControlFrame, EventLoopPromise<ControlFrame>)
    case cancel(UInt32)
}

/// Gives each answer to the call that has its number.
final class RemoteCallHandler: ChannelDuplexHandler {
    typealias InboundIn = ControlFrame
    typealias OutboundIn = RemoteCall
    typealias OutboundOut = ControlFrame

    private var pending: [UInt32: EventLoopPromise<ControlFrame>] = [:]
    /// A task may be cancelled while its call is on the way here; then the cancellation arrives first.
    private var cancelledEarly: Set<UInt32> = []
    private var error: (any Error)?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .begin(let frame, let answer):
            guard cancelledEarly.remove(frame.call) == nil else {
                answer.fail(CancellationError())
                promise?.succeed()
                return
            }
            pending[frame.call] = answer
            context.write(wrapOutboundOut(frame), promise: promise)
        case .cancel(let call):
            guard let answer = pending.removeValue(forKey: call) else {
                cancelledEarly.insert(call)
                promise?.succeed()
                return
            }
            answer.fail(CancellationError())
            let frame = ControlFrame(kind: .cancel, call: call, payload: ByteBuffer())
            context.write(wrapOutboundOut(frame), promise: promise)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        // The answer of a call that was cancelled meanwhile is nobody's.
        pending.removeValue(forKey: frame.call)?.succeed(frame)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let error = self.error ?? ChannelError.eof
        for answer in pending.values { answer.fail(error) }
        pending = [:]
        context.fireChannelInactive()
    }
}
