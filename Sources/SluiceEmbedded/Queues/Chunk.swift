import Sluice

/// What memory holds of one chunk that has messages left.
final class Chunk {
    let id: Int64
    let queue: Int64
    let arrived: Timestamp
    /// How long the queue's retention clock had stood still when the chunk arrived, in milliseconds.
    let stoodStill: Int64
    /// Messages that are not gone.
    @exclusivity(unchecked) private(set) var live = 0
    /// The bytes of their bodies.
    @exclusivity(unchecked) private(set) var liveBytes = 0
    /// The bytes of all bodies that are stored.
    @exclusivity(unchecked) private(set) var storedBytes = 0
    /// Whether it is kept as a raw copy when its messages are gone.
    var isRawCopy = false
    /// Whether its bytes are those of a raw copy: a replay has made it.
    let isReference: Bool
    @exclusivity(unchecked) var states: ChunkStates
    /// How often each message has failed, by index, of those that have.
    var failures: [Int: Int] = [:]
    /// The group of each message that is not gone, as the queue numbers them; empty where no message has one.
    @exclusivity(unchecked) var groups: [UInt32] = []
    /// Body lengths, for the bytes that wait.
    @exclusivity(unchecked) private(set) var lengths: [UInt32] = []

    var count: Int { lengths.count }

    /// A chunk that is being collected, or one that was read: then its messages are appended with their states.
    init(id: Int64, queue: Int64, arrived: Timestamp, stoodStill: Int64, isReference: Bool = false) {
        self.id = id
        self.isReference = isReference
        self.queue = queue
        self.arrived = arrived
        self.stoodStill = stoodStill
        states = ChunkStates(count: 0)
    }

    func append(length: Int, group: UInt32?, state: MessageState) {
        lengths.append(UInt32(length))
        if let group {
            while groups.count < lengths.count - 1 { groups.append(FairOrder.none) }
            groups.append(group)
        } else if !groups.isEmpty {
            groups.append(FairOrder.none)
        }
        states.append(state)
        storedBytes += length
        if state.status != .gone { add(length) }
    }

    /// In a standard queue.
    func group(of index: Int32) -> UInt32 { groups.isEmpty ? FairOrder.none : groups[Int(index)] }

    private func add(_ length: Int) {
        live += 1
        liveBytes += length
    }

    /// Takes the states of a chunk that was read.
    func take(_ states: ChunkStates) {
        self.states = states
        live = 0
        liveBytes = 0
        for index in 0..<count where states[index].status != .gone { add(Int(lengths[index])) }
    }

    /// A message is gone.
    func lose(_ index: Int) {
        live -= 1
        liveBytes -= Int(lengths[index])
        failures[index] = nil
    }

    /// Whether so little is left that what is gone is worth taking off the disk.
    var isSparse: Bool {
        !isRawCopy && !isReference && live > 0 && storedBytes >= 1 << 16 && storedBytes >= 4 * liveBytes
    }

    /// The bodies of what is gone are no longer stored.
    func rewritten() { storedBytes = liveBytes }
}
