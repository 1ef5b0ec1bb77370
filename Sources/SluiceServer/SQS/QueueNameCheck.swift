import Sluice
import SluiceWire

/// What a queue may be called.
enum QueueNameCheck {
    static func check(_ name: String, isFIFO: Bool) throws {
        let bare = isFIFO ? QueueNames.bare(name) : name
        let isName =
            (1...Limits.queueName.now.upperBound).contains(name.utf8.count) && bare.utf8.allSatisfy(isNameByte)
            && !bare.isEmpty
        if isFIFO {
            guard isName, bare != name else {
                throw SQSError.invalidParameter(
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
                        + "with .fifo suffix and be 1 to 80 in length")
            }
        } else if !isName {
            throw SQSError.invalidParameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        }
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
