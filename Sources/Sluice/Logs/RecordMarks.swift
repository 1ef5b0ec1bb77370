/// Which records an invocation was given, in eight bytes each, and as many for a name of its own (`id:`).
///
/// The ids of a batch are random, so there are no ranges of them; a mark is 64 bits of an id, or a hash of a name. That
/// another record of a log has the same mark does not happen by chance (one in 10^13 in a log of a million records);
/// then its invocation would be shown as well.
package struct RecordMarks: Sendable, Hashable {
    package private(set) var marks: [UInt64]
    /// Of the records' own names, in the order of `marks`, 0 for a record without; empty where no record has one.
    package private(set) var names: [UInt64]

    package init(marks: [UInt64] = [], names: [UInt64] = []) {
        self.marks = marks
        self.names = names.count == marks.count ? names : []
    }

    package init(_ records: [RawRecord]) {
        self.init(records.map { (identity: $0.identity, name: $0.givenName) })
    }

    /// Of one record.
    package init(_ identity: RecordIdentity, name: String?) { self.init([(identity: identity, name: name)]) }

    private init(_ records: [(identity: RecordIdentity, name: String?)]) {
        let isNamed = records.contains { $0.name != nil }
        self.init(
            marks: records.map { Self.mark(of: $0.identity) },
            names: isNamed ? records.map { $0.name.map(Self.mark(ofName:)) ?? 0 } : [])
    }

    package var count: Int { marks.count }
    var size: Int { (marks.count + names.count) * MemoryLayout<UInt64>.size }

    package func contains(_ mark: UInt64) -> Bool { marks.contains(mark) }

    /// The marks of the records that have this name: as many as were given it.
    func marks(ofName name: UInt64) -> [UInt64] { zip(marks, names).filter { $1 == name }.map { mark, _ in mark } }

    /// The mark of where a record came from: its outputs have the same.
    package static func mark(of identity: RecordIdentity) -> UInt64 {
        switch identity.origin {
        case .message(let id): id.low
        case .object(let object, let number): mark(ofName: "\(object)#\(number)")
        case .named(let name): mark(ofName: name)
        }
    }

    /// FNV-1a: the same in every process.
    static func mark(ofName name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
