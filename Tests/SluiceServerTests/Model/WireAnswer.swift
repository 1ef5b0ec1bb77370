import Sluice

/// What the port has answered, in whichever protocol it was asked.
struct WireAnswer {
    struct Unreadable: Error {
        let text: String
    }

    let status: Int
    /// Of an error, in the words of the Query protocol; `nil` = it is none.
    let code: String?
    let result: WireNode

    /// - Parameter code: what the header of an error in JSON says: the code, and whose fault it is.
    init(status: Int, code: String?, body: [UInt8], of action: String, _ wire: WireForm) throws {
        self.status = status
        switch wire {
        case .json:
            let node = try body.isEmpty ? WireNode(wire) : WireNode(JSONValue(parsing: body[...]))
            let named = code.flatMap { $0.split(separator: ";").first.map(String.init) }
            result = node
            self.code = status == 200 ? nil : named ?? node.text("__type") ?? "\(status)"
        case .query:
            var reading = XMLReading(body)
            let root = try reading.document()
            result = root.first("\(action)Result") ?? WireNode(wire)
            self.code = status == 200 ? nil : root.first("Error")?.text("Code") ?? "\(status)"
        }
    }
}

/// A value of an answer: text, or parts with names. A member of a list stands there under the name of its list, as the
/// Query protocol has it.
struct WireNode {
    let wire: WireForm
    var content = ""
    var parts: [(name: String, node: WireNode)] = []

    init(_ wire: WireForm) { self.wire = wire }

    init(_ value: JSONValue) {
        self.init(.json)
        content = value.scalarText ?? ""
        for member in value.members {
            if member.value.kind == .array {
                for element in member.value.elements { parts.append((member.name, WireNode(element))) }
            } else {
                parts.append((member.name, WireNode(member.value)))
            }
        }
    }

    func first(_ name: String) -> WireNode? { parts.first { $0.name == name }?.node }
    func text(_ name: String) -> String? { first(name)?.content }

    func list(_ json: String, query: String) -> [WireNode] {
        let name = wire == .json ? json : query
        return parts.filter { $0.name == name }.map(\.node)
    }

    /// The entries of a map: members of an object, or parts that have a name and a value.
    func map(_ json: String, query: String) -> [String: WireNode] {
        let entries: [(String, WireNode)] =
            switch wire {
            case .json: first(json)?.parts.map { ($0.name, $0.node) } ?? []
            case .query:
                list(json, query: query).map { ($0.text("Name") ?? "", $0.first("Value") ?? WireNode(wire)) }
            }
        return Dictionary(entries) { first, _ in first }
    }

    func texts(_ json: String, query: String) -> [String: String] {
        map(json, query: query).mapValues(\.content)
    }
}

/// Reads XML as the port writes it: elements and text, and no attributes that matter.
struct XMLReading {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#xD": "\r"]

    mutating func document() throws -> WireNode {
        if starts("<?") { _ = try text(upTo: "?>") }
        return try element().node
    }

    private mutating func element() throws -> (name: String, node: WireNode) {
        guard starts("<") else { throw unreadable }
        place += 1
        let tag = try text(upTo: ">")
        let name = String(tag.prefix { $0 != " " && $0 != "/" })
        var node = WireNode(.query)
        if tag.hasSuffix("/") { return (name, node) }
        while !starts("</") {
            guard place < bytes.count else { throw unreadable }
            if starts("<") {
                node.parts.append(try element())
            } else {
                node.content += try characters()
            }
        }
        guard try text(upTo: ">") == "</\(name)" else { throw unreadable }
        return (name, node)
    }

    private mutating func characters() throws -> String {
        let end = bytes[place...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.endIndex
        defer { place = end }
        guard let text = String(validating: bytes[place..<end], as: UTF8.self) else { throw unreadable }
        // What ends a line is a line feed to every reader of XML, unless it is written by number.
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        let parts = lines.split(separator: "&", omittingEmptySubsequences: false)
        return try parts.dropFirst().reduce(into: String(parts[0])) { decoded, part in
            let entity = part.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            guard entity.count == 2, let character = Self.entities[String(entity[0])] else { throw unreadable }
            decoded += character + entity[1]
        }
    }

    private func starts(_ text: String) -> Bool { bytes[place...].starts(with: text.utf8) }

    /// What stands before `end`; goes on behind it.
    private mutating func text(upTo end: String) throws -> String {
        let length = end.utf8.count
        var stop = place
        while stop + length <= bytes.count, !bytes[stop...].starts(with: end.utf8) { stop += 1 }
        guard stop + length <= bytes.count else { throw unreadable }
        defer { place = stop + length }
        return String(decoding: bytes[place..<stop], as: UTF8.self)
    }

    private var unreadable: WireAnswer.Unreadable {
        WireAnswer.Unreadable(text: String(decoding: bytes, as: UTF8.self))
    }
}
