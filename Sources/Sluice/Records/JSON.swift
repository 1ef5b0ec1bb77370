/// JSON as spans of the bytes it came in: nothing is copied, numbers keep their digits, no `String` is made of a
/// body. One value of a document, by where it starts and ends.
///
/// There is no value of bytes that are not JSON: whoever holds one may walk it without an error.
public struct JSONValue: Sendable {
    public enum Kind: Sendable, Hashable { case object, array, string, number, `true`, `false`, null }
    public let kind: Kind
    /// The bytes of the value, quotes and brackets included, without surrounding space.
    public let bytes: Bytes
    /// A string with a backslash in it.
    private let hasEscapes: Bool

    /// A value whose bytes a scanner has found to be JSON.
    init(validated span: JSONSpan, in document: Bytes) {
        kind = span.kind
        hasEscapes = span.hasEscapes
        bytes = document[(document.startIndex + span.start)..<(document.startIndex + span.end)]
    }

    /// Reads a whole document: RFC 8259 to the letter, one value with nothing but space around it, UTF-8 without
    /// a byte order mark, no unpaired surrogates, at most `JSONScanner.deepest` levels.
    /// - Throws: what is wrong first, and at which byte.
    package init(parsing document: Bytes) throws(JSONMistake) {
        let span = try document.withScanner { (scanner) throws(JSONMistake) -> JSONSpan in
            let span = try scanner.value()
            try scanner.finish()
            return span
        }
        self.init(validated: span, in: document)
    }

    /// A value and its members, none for what is no object.
    package typealias Structure = (value: JSONValue, members: [JSONMember])

    /// Reads a whole document, and its members in the same pass.
    package static func structure(parsing document: Bytes) throws(JSONMistake) -> Structure {
        try document.withScanner { (scanner) throws(JSONMistake) -> Structure in
            let structure = try scanner.structure(in: document)
            try scanner.finish()
            return structure
        }
    }

    /// The elements of an array, and the members of each, in one pass.
    package var structures: [Structure] {
        guard kind == .array else { return [] }
        return bytes.withScanner { scanner in
            var found: [Structure] = []
            scanner.place = .inside
            do {
                while try scanner.advanceToElement() { found.append(try scanner.structure(in: bytes)) }
            } catch {}  // it was JSON when it was made
            return found
        }
    }

    /// The text of a string, escapes decoded; `nil` for anything else.
    package var string: String? {
        guard kind == .string else { return nil }
        return withSpan { scanner, span in scanner.text(of: span) }
    }

    /// The text of a string as UTF-8, without a copy where it has no escapes; `nil` for anything else.
    package var textBytes: Bytes? {
        guard kind == .string else { return nil }
        guard hasEscapes else { return bytes.dropFirst().dropLast() }
        return withSpan { scanner, span in
            var decoded: [UInt8] = []
            scanner.decode(span, into: &decoded)
            return decoded[...]
        }
    }

    /// What a group, an id or a subject is called by: a string's text, a number's digits as they are written,
    /// `true`, `false`. `nil` for null, an object or an array: those name nothing.
    package var scalarText: String? {
        switch kind {
        case .string: string
        case .number, .true, .false: bytes.text
        case .object, .array, .null: nil
        }
    }

    /// The members of an object in the order written, repeated names included; empty for anything else.
    package var members: JSONMembers { JSONMembers(of: self) }

    /// The elements of an array; empty for anything else.
    package var elements: JSONElements { JSONElements(of: self) }

    /// The member of this name, the last one if it is repeated. Names are equal when their code points are.
    package func member(_ name: some StringProtocol) -> JSONValue? {
        let name = Array(name.utf8)
        var found: JSONValue?
        for member in members where member.isNamed(name) { found = member.value }
        return found
    }

    /// The element at `index` of an array; a negative one counts from the end.
    package func element(_ index: Int) -> JSONValue? {
        let position = index < 0 ? elements.reduce(0) { count, _ in count + 1 } + index : index
        guard position >= 0 else { return nil }
        return elements.dropFirst(position).first { _ in true }
    }

    private func withSpan<Result>(_ body: (borrowing JSONScanner, JSONSpan) -> Result) -> Result? {
        bytes.withScanner { scanner in
            do { return body(scanner, try scanner.value()) } catch { return nil }  // it was JSON when it was made
        }
    }
}

extension JSONScanner {
    /// The value that comes next, with its members.
    fileprivate mutating func structure(in document: Bytes) throws(JSONMistake) -> JSONValue.Structure {
        skipSpace()
        guard try peek() == .openBrace else { return (JSONValue(validated: try value(), in: document), []) }
        let start = position
        var members: [JSONMember] = []
        try enterObject()
        while let (name, value) = try nextMember() {
            members.append(JSONMember(name: name, value: value, in: document))
        }
        return (JSONValue(validated: JSONSpan(kind: .object, start: start, end: position), in: document), members)
    }
}

/// One member of an object.
package struct JSONMember: Sendable {
    /// The name as it is written, quotes and escapes included.
    package let rawName: JSONValue
    package let value: JSONValue
    private let hasEscapes: Bool

    init(name: JSONSpan, value: JSONSpan, in object: Bytes) {
        rawName = JSONValue(validated: name, in: object)
        self.value = JSONValue(validated: value, in: object)
        hasEscapes = name.hasEscapes
    }

    /// The name, escapes decoded.
    package var name: String { rawName.string ?? "" }

    /// Whether the name is these bytes of UTF-8. Makes no `String` unless the name has escapes.
    package func isNamed(_ name: [UInt8]) -> Bool {
        hasEscapes ? self.name.utf8.elementsEqual(name) : rawName.bytes.dropFirst().dropLast().elementsEqual(name)
    }
}

/// The members of an object, in the order written.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private var walk: JSONWalk

    init(of value: JSONValue) { walk = JSONWalk(value, wants: .object) }

    package mutating func next() -> JSONMember? {
        walk.step { scanner throws(JSONMistake) in try scanner.nextMember() }
            .map { JSONMember(name: $0.name, value: $0.value, in: walk.bytes) }
    }
}

/// The elements of an array, in order.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private var walk: JSONWalk

    init(of value: JSONValue) { walk = JSONWalk(value, wants: .array) }

    package mutating func next() -> JSONValue? {
        walk.step { scanner throws(JSONMistake) in try scanner.nextElement() }
            .map { JSONValue(validated: $0, in: walk.bytes) }
    }
}

/// Where an iteration over a container stands between two calls, when nobody holds a pointer to its bytes.
private struct JSONWalk: Sendable {
    let bytes: Bytes
    private var place: JSONScanner.Place?

    init(_ value: JSONValue, wants kind: JSONValue.Kind) {
        bytes = value.bytes
        place = value.kind == kind ? .inside : nil
    }

    mutating func step<Item>(_ next: (inout JSONScanner) throws(JSONMistake) -> Item?) -> Item? {
        guard let from = place else { return nil }
        var item: Item?
        place = bytes.withScanner { scanner in
            scanner.place = from
            do { item = try next(&scanner) } catch { return nil }  // it was JSON when it was made
            return item == nil ? nil : scanner.place
        }
        return item
    }
}
