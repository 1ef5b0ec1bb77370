import Sluice

/// Where the bytes of a replay's chunk are: in a raw copy, which is not copied once more.
struct ChunkReference: Sendable {
    /// The number of the raw copy's chunk.
    let origin: Int64
    /// The place there of each message of this chunk.
    let places: [Int]

    init(origin: Int64, places: [Int]) {
        self.origin = origin
        self.places = places
    }

    init(origin: Int64, encodedPlaces: [UInt8]) throws(StoreDamage) {
        var reader = ByteReader(encodedPlaces)
        var places: [Int] = []
        while !reader.isAtEnd { places.append(try reader.number()) }
        self.init(origin: origin, places: places)
    }

    var encodedPlaces: [UInt8] {
        var writer = ByteWriter(reserving: 2 * places.count)
        for place in places { writer.number(place) }
        return writer.bytes
    }

    /// The bytes of its messages, one behind the other.
    func bodies(of origin: ChunkContent) throws(StoreDamage) -> [UInt8] {
        var bodies: [UInt8] = []
        for place in places {
            guard (0..<origin.count).contains(place) else {
                throw StoreDamage("the raw copy \(self.origin) has no message \(place)")
            }
            bodies += origin.body(at: place)
        }
        return bodies
    }
}
