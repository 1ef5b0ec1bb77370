package import Sluice

/// Writes the answer of an action, and its parts, in either protocol.
package struct AnswerWriter: Sendable {
    private let wire: WireProtocol
    private let action: String
    private let namespace: String
    package private(set) var bytes: [UInt8] = []
    /// JSON: whether the structure that is being written has a member already.
    private var hasMembers = false
    private var isEmpty = true

    /// - Parameter namespace: of the XML.
    package init(_ wire: WireProtocol, action: String, namespace: String, reserving capacity: Int = 512) {
        self.wire = wire
        self.action = action
        self.namespace = namespace
        bytes.reserveCapacity(capacity)
        switch wire {
        case .json: bytes.append(UInt8(ascii: "{"))
        case .query: raw("<?xml version=\"1.0\"?><\(action)Response xmlns=\"\(namespace)\">")
        }
    }

    /// Ends the answer.
    /// - Parameter hasResult: what the action answers has fields, whether some were written or not.
    package mutating func finish(requestID: String, hasResult: Bool) {
        switch wire {
        case .json:
            bytes.append(UInt8(ascii: "}"))
            if !hasResult { bytes.removeAll() }
        case .query:
            if isEmpty { if hasResult { raw("<\(action)Result/>") } } else { raw("</\(action)Result>") }
            raw("<ResponseMetadata><RequestId>\(requestID)</RequestId></ResponseMetadata></\(action)Response>")
        }
    }

    package mutating func text(_ name: ParameterName, _ text: String) {
        var text = text
        text.withUTF8 { utf8 in self.text(name, utf8) }
    }

    /// - Parameter utf8: a valid text, without characters that XML cannot carry.
    package mutating func text(_ name: ParameterName, _ utf8: Bytes) { utf8.withUnsafeBufferPointer { text(name, $0) } }

    private mutating func text(_ name: ParameterName, _ utf8: UnsafeBufferPointer<UInt8>) {
        begin(name)
        if wire == .json { bytes.appendJSON(utf8: utf8) } else { bytes.appendXML(utf8) }
        end(name)
    }

    package mutating func integer(_ name: ParameterName, _ value: Int) {
        begin(name)
        raw(String(value))
        end(name)
    }

    package mutating func boolean(_ name: ParameterName, _ value: Bool) {
        begin(name)
        raw(value ? "true" : "false")
        end(name)
    }

    package mutating func blob(_ name: ParameterName, _ value: Bytes) {
        begin(name)
        if wire == .json { bytes.append(UInt8(ascii: "\"")) }
        Base64.append(value, to: &bytes)
        if wire == .json { bytes.append(UInt8(ascii: "\"")) }
        end(name)
    }

    package mutating func texts(_ name: ParameterName, _ texts: [String]) {
        list(name, count: texts.count) { writer, index in
            switch writer.wire {
            case .json: writer.bytes.appendJSON(texts[index])
            case .query: writer.bytes.appendXML(texts[index])
            }
        }
    }

    /// - Parameter write: writes the structure of this index. (Not of an item: what is generic across modules copies its
    ///   values, and a message is a large one.)
    package mutating func structures(
        _ name: ParameterName, count: Int, _ write: (inout AnswerWriter, Int) -> Void
    ) {
        list(name, count: count) { writer, index in writer.structure { write(&$0, index) } }
    }

    package mutating func map(_ name: ParameterName, _ entries: [(key: String, value: String)], key: String = "Name") {
        members(name, entries, key: key) { writer, value in
            switch writer.wire {
            case .json: writer.bytes.appendJSON(value)
            case .query: writer.bytes.appendXML(value)
            }
        }
    }

    package mutating func structureMap<Value>(
        _ name: ParameterName, _ entries: [(key: String, value: Value)], _ write: (inout AnswerWriter, Value) -> Void
    ) {
        members(name, entries, key: "Name") { writer, value in writer.structure { write(&$0, value) } }
    }

    // MARK: Parts

    private mutating func list(_ name: ParameterName, count: Int, _ write: (inout AnswerWriter, Int) -> Void) {
        // An empty list, and an empty map, is not written: as AWS does it.
        guard count > 0 else { return }
        switch wire {
        case .json:
            begin(name)
            bytes.append(UInt8(ascii: "["))
            for index in 0..<count {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(&self, index)
            }
            bytes.append(UInt8(ascii: "]"))
        case .query:
            for index in 0..<count {
                begin(name)
                write(&self, index)
                end(name)
            }
        }
    }

    private mutating func members<Value>(
        _ name: ParameterName, _ entries: [(key: String, value: Value)], key: String,
        _ write: (inout AnswerWriter, Value) -> Void
    ) {
        guard !entries.isEmpty else { return }
        switch wire {
        case .json:
            begin(name)
            bytes.append(UInt8(ascii: "{"))
            for (index, entry) in entries.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendJSON(entry.key)
                bytes.append(UInt8(ascii: ":"))
                write(&self, entry.value)
            }
            bytes.append(UInt8(ascii: "}"))
        case .query:
            for entry in entries {
                begin(name)
                raw("<\(key)>")
                bytes.appendXML(entry.key)
                raw("</\(key)><Value>")
                write(&self, entry.value)
                raw("</Value>")
                end(name)
            }
        }
    }

    private mutating func structure(_ write: (inout AnswerWriter) -> Void) {
        guard wire == .json else { return write(&self) }
        let outer = hasMembers
        hasMembers = false
        bytes.append(UInt8(ascii: "{"))
        write(&self)
        bytes.append(UInt8(ascii: "}"))
        hasMembers = outer
    }

    private mutating func begin(_ name: ParameterName) {
        switch wire {
        case .json:
            if hasMembers { bytes.append(UInt8(ascii: ",")) }
            hasMembers = true
            // Names are the model's own: none needs an escape.
            bytes.append(UInt8(ascii: "\""))
            raw(name.json)
            raw("\":")
        case .query:
            if isEmpty { raw("<\(action)Result>") }
            raw("<\(name.query)>")
        }
        isEmpty = false
    }

    private mutating func end(_ name: ParameterName) {
        if wire == .query { raw("</\(name.query)>") }
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
