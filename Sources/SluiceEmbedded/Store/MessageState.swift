import Sluice

/// Where one message stands. `docs/message-states.md` has the drawing.
struct MessageState: Hashable {
    enum Status: UInt8 {
        /// Visible: in the order of its queue.
        case ready = 0
        /// Waits for its DelaySeconds.
        case delayed = 1
        /// With a step of ours, until it is settled or the process ends.
        case held = 2
        /// With a client, until its visibility timeout.
        case inFlight = 3
        /// Retried or released with a delay: in flight without anybody working on it.
        case backingOff = 4
        /// Not here any more.
        case gone = 5
    }

    var status: Status = .ready
    /// The present receive was given to the holder alone: dying with it counts.
    var alone = false
    /// Our own process died while it held this message: it is handed out alone.
    var suspect = false
    /// It was alone when our process died, and so was a message of another queue: the next time none of them is out with
    /// another suspect.
    var contended = false
    var receiveCount: UInt32 = 0
    /// Counts every receive and never goes back; the latest receipt has it.
    var generation: UInt32 = 0
    /// When it becomes visible; 0 = not by itself.
    var visibleAt: Int64 = 0
    /// When it was first received; 0 = never.
    var firstReceived: Int64 = 0

    /// It has shown that it does not end a process.
    mutating func acquit() {
        suspect = false
        contended = false
    }

    var isInFlight: Bool { status == .held || status == .inFlight || status == .backingOff }
}

/// The states of one chunk, and their binary form: runs of equal states.
///
/// `untouched` costs nothing: most chunks of a backlog were never received from.
struct ChunkStates {
    private(set) var count: Int
    private var states: [MessageState]?

    init(count: Int) { self.count = count }

    subscript(index: Int) -> MessageState {
        get { states?[index] ?? MessageState() }
        set {
            if states == nil { states = Array(repeating: MessageState(), count: count) }
            states?[index] = newValue
        }
    }

    var isUntouched: Bool { states == nil }

    /// One more message, while the chunk is being collected.
    mutating func append(_ state: MessageState) {
        count += 1
        if states != nil {
            states?.append(state)
        } else if state != MessageState() {
            states = Array(repeating: MessageState(), count: count - 1) + [state]
        }
    }

    func encoded() -> [UInt8] {
        guard let states else { return [] }
        var writer = ByteWriter(reserving: 64)
        writer.byte(Self.version)
        var start = 0
        while start < states.count {
            let state = states[start]
            var end = start + 1
            while end < states.count && states[end] == state { end += 1 }
            writer.number(end - start)
            writer.byte(
                state.status.rawValue | (state.alone ? 0x10 : 0) | (state.suspect ? 0x20 : 0)
                    | (state.firstReceived != 0 ? 0x40 : 0) | (state.contended ? 0x80 : 0))
            if state.status != .gone {
                writer.number(Int(state.receiveCount))
                writer.number(Int(state.generation))
                writer.word(UInt64(bitPattern: state.visibleAt))
                if state.firstReceived != 0 { writer.word(UInt64(bitPattern: state.firstReceived)) }
            }
            start = end
        }
        return writer.bytes
    }

    init(count: Int, encoded bytes: [UInt8]) throws(StoreDamage) {
        self.count = count
        guard !bytes.isEmpty else { return }
        var reader = ByteReader(bytes)
        guard try reader.byte() == Self.version else { throw StoreDamage("a state row of another version") }
        var states: [MessageState] = []
        states.reserveCapacity(count)
        while states.count < count {
            let length = try reader.number()
            guard length > 0, length <= count - states.count else {
                throw StoreDamage("a run of \(length) states at message \(states.count) of \(count)")
            }
            states.append(contentsOf: repeatElement(try Self.readState(from: &reader), count: length))
        }
        self.states = states
        guard reader.isAtEnd else { throw StoreDamage("more states than messages") }
    }

    private static func readState(from reader: inout ByteReader) throws(StoreDamage) -> MessageState {
        let flags = try reader.byte()
        guard let status = MessageState.Status(rawValue: flags & 0x0F) else {
            throw StoreDamage("an unknown message state (\(flags))")
        }
        var state = MessageState(
            status: status, alone: flags & 0x10 != 0, suspect: flags & 0x20 != 0, contended: flags & 0x80 != 0)
        guard status != .gone else { return state }
        state.receiveCount = try reader.receives()
        state.generation = try reader.receives()
        state.visibleAt = try reader.moment().milliseconds
        if flags & 0x40 != 0 { state.firstReceived = try reader.moment().milliseconds }
        guard state.receiveCount > 0 || (status != .held && status != .inFlight) else {
            throw StoreDamage("a message that is in flight and was never received")
        }
        return state
    }

    private static let version: UInt8 = 2
}
