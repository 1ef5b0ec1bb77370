import Sluice

/// Cuts records out of a text, one after the other. One file for each format.
protocol RecordCutter {
    /// The next record, or what is none; `nil` at the end of the text.
    /// - Throws: `StreamFault`: the text goes no further, and `window` stands where what is cut off begins.
    mutating func next(_ window: inout StreamWindow) throws -> Cut?
}

/// A piece of a text. The window stands behind it.
struct Cut {
    enum Content {
        case record(Bytes)
        case broken(type: String, reason: String, bytes: Bytes)
    }

    var offset: Int64
    var line: Int64
    var content: Content
    /// Nothing comes behind it, whatever is left of the text.
    var isLast = false
}

extension Cut {
    static func tooLarge(
        offset: Int64, line: Int64, length: Int64, longest: Int, beginning: Bytes
    ) -> Cut {
        Cut(
            offset: offset, line: line,
            content: .broken(
                type: "too-large", reason: "it has \(length) bytes, and \(longest) are allowed", bytes: beginning))
    }
}
