import NIOCore
import Sluice

/// Writes answers to one client. One that is gone is told nothing: the connection's own loop ends by itself.
struct ControlWriter: Sendable {
    let outbound: NIOAsyncChannelOutboundWriter<ControlFrame>

    func write(
        _ kind: ControlFrame.Kind, _ call: UInt32, _ payload: (ByteBufferAllocator) throws -> ByteBuffer
    ) async {
        do {
            let payload = try payload(ByteBufferAllocator())
            guard payload.readableBytes + 5 <= ControlFrame.longest else {
                await fail(
                    call, ControlError.refused("the answer is too large; ask for less, with -n or a narrower choice"))
                return
            }
            await write(ControlFrame(kind: kind, call: call, payload: payload))
        } catch {
            await fail(call, error)
        }
    }

    func fail(_ call: UInt32, _ error: any Error) async {
        let failure = ControlError(error)
        do {
            let payload = try ControlJSON.encode(failure, allocator: ByteBufferAllocator())
            await write(ControlFrame(kind: .failure, call: call, payload: payload))
        } catch {
            preconditionFailure("an error with one text can always be encoded: \(error)")
        }
    }

    private func write(_ frame: ControlFrame) async {
        do {
            try await outbound.write(frame)
        } catch {
            // Only a closed connection refuses a write, and that ends the loop that reads from it.
            return
        }
    }
}
