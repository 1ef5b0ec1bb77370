import Sluice
import SluiceWire

/// Reads and checks message attributes and system attributes.
enum MessageAttributeReading {
    static func attributes(_ entry: Parameters) throws -> [MessageAttribute] {
        let members = try entry.structureMap(SQSFields.messageAttributes)
        guard !members.isEmpty else { return [] }
        let most = Limits.messageAttributes.now.upperBound
        guard members.count <= most else {
            throw SQSError.invalidParameter(
                "Number of message attributes [\(members.count)] exceeds the allowed maximum [\(most)].")
        }
        var names: Set<String> = []
        return try members.map { name, value in
            try check(name: name)
            guard names.insert(name).inserted else {
                throw SQSError.invalidParameter("Message (user) attribute name '\(name)' already exists.")
            }
            return try attribute(name, value, kind: "user")
        }
    }

    /// AWSTraceHeader, which is all that can be sent; `nil` = it is not there.
    static func traceHeader(_ entry: Parameters) throws -> String? {
        var trace: String?
        for (name, value) in try entry.structureMap(SQSFields.messageSystemAttributes) {
            guard name == "AWSTraceHeader" else {
                throw SQSError.invalidParameter("Message system attribute name '\(name)' is invalid.")
            }
            let read = try attribute(name, value, kind: "system")
            guard read.type == "String" else {
                throw SQSError.invalidParameter(
                    "Message system attribute '\(name)' must be of type 'String', and is '\(read.type)'.")
            }
            trace = read.bytes.text
        }
        return trace
    }

    private static func check(name: String) throws {
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw SQSError.invalidParameter("Message (user) attribute names must be shorter than 256 Bytes")
        }
        guard
            name.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0) }
            )
        else {
            throw SQSError.invalidParameter(
                "Message (user) attributes name can only contain upper and lower score characters, digits, periods, hyphens "
                    + "and underscores. ")
        }
        let lower = name.lowercased()
        guard !lower.hasPrefix("aws."), !lower.hasPrefix("amazon."), !name.hasPrefix("."), !name.hasSuffix("."),
            !name.contains("..")
        else {
            throw SQSError.invalidParameter(
                "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for "
                    + "internal use. Additionally, they cannot start or end with '.'.")
        }
    }

    private static func attribute(_ name: String, _ value: Parameters, kind: String) throws -> MessageAttribute {
        guard let type = try value.text(SQSFields.dataType), !type.isEmpty else {
            throw SQSError.invalidParameter("Missing required parameter DataType")
        }
        guard type.utf8.count <= 256 else {
            throw SQSError.invalidParameter("Message (\(kind)) attribute types must be shorter than 256 Bytes")
        }
        let base = type.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)[0]
        switch XMLCharacters.allowed(type.utf8) ? base : "" {
        case "String", "Number":
            guard let text = try value.bytes(SQSFields.stringValue), !text.isEmpty else {
                throw empty(name, base, kind)
            }
            guard XMLCharacters.allowed(text) else {
                throw SQSError.invalidParameter(
                    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
                        + "#xFFFD | #x10000 to #x10FFFF")
            }
            if base == "Number", !isNumber(text) {
                throw SQSError.invalidParameter(
                    "Can't cast the value of message (\(kind)) attribute '\(name)' to a number.")
            }
            return MessageAttribute(name: name, type: type, value: .text(text))
        case "Binary":
            guard let bytes = try value.blob(SQSFields.binaryValue), !bytes.isEmpty else {
                throw empty(name, base, kind)
            }
            return MessageAttribute(name: name, type: type, value: .binary(bytes))
        default:
            throw SQSError.invalidParameter(
                "The type of message (\(kind)) attribute '\(name)' is invalid. You must use only the following supported type "
                    + "prefixes: Binary, Number, String.")
        }
    }

    private static func empty(_ name: String, _ type: Substring, _ kind: String) -> WireError {
        SQSError.invalidParameter(
            "Message (\(kind)) attribute '\(name)' must contain a non-empty value of type '\(type == "Number" ? "String" : type)'."
        )
    }

    /// Digits with a sign, a point and an exponent, as they may be; at most 38 digits.
    private static func isNumber(_ text: Bytes) -> Bool {
        let text = text.text
        guard Double(text) != nil, !text.lowercased().contains(where: { "xnip".contains($0) }) else { return false }
        let mantissa = text.prefix { !"eE".contains($0) }
        return mantissa.utf8.count(where: { (0x30...0x39).contains($0) }) <= 38
    }
}
