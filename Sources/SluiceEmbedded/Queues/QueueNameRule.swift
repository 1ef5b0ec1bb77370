import Sluice

/// What a queue may be called: as SQS has it.
enum QueueNameRule {
    static func check(_ name: String) throws {
        let bare = QueueNames.bare(name)
        let isAllowed = bare.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isAllowed, !bare.isEmpty, name.utf8.count <= 80 else {
            throw ControlError.unknown(
                "'\(name)' cannot be the name of a queue: 1 to 80 letters, digits, '-' and '_', and '.fifo' at the end "
                    + "of a FIFO queue's")
        }
    }
}
