/// Which records an invocation was given, in eight bytes each.
///
/// The ids of a batch are random, so there are no ranges of them; a mark is 64 bits of an id. That another record of a
/// log has the same mark does not happen by chance (one in 10^13 in a log of a million records); then its invocation
/// would be shown as well.
package struct RecordMarks: Sendable, Hashable {
    package private(set) var marks: [UInt64]

    package init(marks: [UInt64] = []) { self.marks = marks }

    package init(_ records: [RawRecord]) { marks = records.map { Self.mark(of: $0.identity) } }

    package var count: Int { marks.count }
    var size: Int { marks.count * MemoryLayout<UInt64>.size }

    package func contains(_ mark: UInt64) -> Bool { marks.contains(mark) }

    /// The mark of where a record came from: its outputs have the same.
    package static func mark(of identity: RecordIdentity) -> UInt64 {
        switch identity.origin {
        case .message(let id): id.low
        case .object(let object, let number): hash("\(object)#\(number)")
        case .named(let name): hash(name)
        }
    }

    /// FNV-1a: the same in every process.
    private static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
