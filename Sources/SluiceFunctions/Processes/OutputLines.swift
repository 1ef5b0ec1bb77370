import NIOCore
import NIOPosix
import Sluice
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a process writes, read as fast as it comes, so that it never waits for us, and passed on line by line, bounded.
final class OutputLines: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Stream: String, Sendable { case standardOutput = "stdout", standardError = "stderr" }

    struct Line: Sendable {
        var stream: Stream
        var text: String
        /// The bytes of it that were not kept.
        var cut: Int
    }

    /// The most of a line that is kept, in bytes.
    static let longestLine = 256 << 10

    private let stream: Stream
    private let tell: @Sendable (Line) -> Void
    private var line: [UInt8] = []
    private var cut = 0

    private init(_ stream: Stream, _ tell: @escaping @Sendable (Line) -> Void) {
        self.stream = stream
        self.tell = tell
    }

    /// A pipe that is being read.
    struct Reading: Sendable {
        /// The end that the process writes to.
        let writer: SystemPackage.FileDescriptor
        fileprivate let channel: any Channel

        /// How long the pipe of a process that is gone may stay open: what has left its group may hold it.
        private static let patience = TimeAmount.milliseconds(200)

        /// Returns when all that the process has written is passed on.
        func end() async {
            let timer = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            await withCheckedContinuation { continuation in
                channel.closeFuture.whenComplete { _ in continuation.resume() }
            }
            timer.cancel()
        }
    }

    /// Opens a pipe and begins to read it, until its last writer has closed it.
    static func open(_ stream: Stream, _ tell: @escaping @Sendable (Line) -> Void) async throws -> Reading {
        let pipe = try Pipe.open()
        do {
            let channel = try await NIOPipeBootstrap(group: FunctionLoop.shared)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(OutputLines(stream, tell))
                    }
                }
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 64 << 10))
                .takingOwnershipOfDescriptor(input: pipe.reader.rawValue).get()
            return Reading(writer: pipe.writer, channel: channel)
        } catch {
            try pipe.reader.close()
            try pipe.writer.close()
            throw error
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes
            while let start = rest.baseAddress, let end = memchr(start, CInt(UInt8(ascii: "\n")), rest.count) {
                let length = start.distance(to: UnsafeRawPointer(end))
                add(UnsafeRawBufferPointer(rebasing: rest.prefix(length)))
                finish()
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(length + 1))
            }
            add(rest)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !line.isEmpty { finish() }
        context.fireChannelInactive()
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        let room = Self.longestLine - line.count
        line.append(contentsOf: bytes.prefix(room))
        cut += max(0, bytes.count - room)
    }

    private func finish() {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        tell(Line(stream: stream, text: String(decoding: line, as: UTF8.self), cut: cut))
        line.removeAll(keepingCapacity: line.capacity <= 4_096)
        cut = 0
    }
}
