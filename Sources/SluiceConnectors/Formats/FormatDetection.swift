import Sluice

/// What an object is, by its name and its first bytes.
struct FormatDetection {
    /// The name without its folder, in lower case.
    private let name: Substring
    private let extensions: [Substring]

    /// - Parameter key: the object's.
    init(key: String) {
        let last = key.lowercased().split(separator: "/").last ?? ""
        name = last
        extensions = last.split(separator: ".", omittingEmptySubsequences: false).dropFirst().suffix(2)
    }

    // MARK: Compression

    /// - Parameter first: the first bytes of the object, four where there are so many.
    func compression(_ first: [UInt8]) throws(StreamFault) -> ObjectCompression {
        if first.starts(with: [0x1F, 0x8B]) { return .gzip }
        if first.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        if first.count == 4, first[0] & 0xF0 == 0x50, first[1...].elementsEqual([0x2A, 0x4D, 0x18]) { return .zstd }
        guard let named, !first.isEmpty else { return .none }
        throw StreamFault(
            type: "compression",
            reason: "it is called '.\(named.rawValue == "gzip" ? "gz" : "zst")' and is no \(named.rawValue); write "
                + "'compression: none' under 'source' if it is right as it is")
    }

    /// What the name says of the compression.
    private var named: ObjectCompression? {
        switch extensions.last {
        case "gz", "gzip": .gzip
        case "zst", "zstd": .zstd
        default: nil
        }
    }

    // MARK: Format

    /// What the name says of the format; `nil` = nothing.
    var format: (format: ObjectFormat, delimiter: Character?)? {
        let inner = named == nil ? extensions.last : extensions.dropLast().last
        switch inner {
        case "jsonl", "ndjson": return (.jsonl, nil)
        case "json": return (.json, nil)
        case "csv": return (.csv, nil)
        case "tsv": return (.csv, "\t")
        case "txt", "log": return (.lines, nil)
        default: return nil
        }
    }

    /// What the first bytes of the text say of it: JSON where it begins so, else lines.
    static func format(of beginning: [UInt8]) -> ObjectFormat {
        let text = beginning.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        switch text.first {
        case UInt8(ascii: "["): return .json
        case UInt8(ascii: "{"):
            let line = text.prefix { $0 != UInt8(ascii: "\n") }
            return line.count < text.count && Bytes(Array(line)).jsonMistake != nil ? .json : .jsonl
        default: return .lines
        }
    }
}
