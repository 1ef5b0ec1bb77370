import Foundation
import Logging
import Sluice

/// An entry as it is stored: one object of JSON on a line, so that a file can be read with anything.
enum LogLine {
    static func append(_ entry: LogEntry, to line: inout [UInt8]) {
        line.append(contentsOf: #"{"time":\#(entry.time.milliseconds)"#.utf8)
        if let step = entry.step { append("step", step, to: &line) }
        append("type", entry.kind.rawValue, to: &line)
        append("level", entry.level.rawValue, to: &line)
        append("stream", entry.stream, to: &line)
        if let request = entry.requestID { append("request", request, to: &line) }
        append("message", entry.message, to: &line)
        if !entry.fields.isEmpty { append(entry.fields, to: &line) }
        if !entry.records.marks.isEmpty { append("marks", text(of: entry.records.marks), to: &line) }
        if !entry.records.names.isEmpty { append("names", text(of: entry.records.names), to: &line) }
        line.append(contentsOf: "}\n".utf8)
    }

    private static func append(_ name: StaticString, _ text: String, to line: inout [UInt8]) {
        line.append(contentsOf: ",\"".utf8)
        name.withUTF8Buffer { line.append(contentsOf: $0) }
        line.append(contentsOf: "\":".utf8)
        line.appendJSON(text)
    }

    private static func append(_ fields: LogFields, to line: inout [UInt8]) {
        var separator = #","fields":{"#
        for field in fields.all {
            line.append(contentsOf: separator.utf8)
            separator = ","
            line.appendJSON(field.name)
            line.append(UInt8(ascii: ":"))
            switch field.value {
            case .text(let text): line.appendJSON(text)
            case .number(let number) where number.isFinite: line.append(contentsOf: LogValue.text(of: number).utf8)
            case .number: line.append(contentsOf: "null".utf8)
            }
        }
        line.append(UInt8(ascii: "}"))
    }

    private static func text(of marks: [UInt64]) -> String {
        var data = Data(capacity: marks.count * 8)
        for mark in marks { withUnsafeBytes(of: mark.bigEndian) { data.append(contentsOf: $0) } }
        return data.base64EncodedString()
    }

    /// - Returns: `nil` for bytes that are no entry: a line that a kill has cut off.
    static func read(_ line: Bytes, pipeline: String) -> LogEntry? {
        guard let object = parse(line) else { return nil }
        var entry = LogEntry(
            time: Timestamp(milliseconds: 0), pipeline: pipeline, step: nil, kind: .step, level: .info, message: "")
        var isTimed = false
        var (marks, names): ([UInt64], [UInt64]) = ([], [])
        for member in object.members {
            switch member.name {
            case "time":
                guard let time = member.value.scalarText.flatMap({ Int64($0) }) else { return nil }
                entry.time = Timestamp(milliseconds: time)
                isTimed = Timestamp.plausible.contains(time)
            case "step": entry.step = member.value.string
            case "type": entry.kind = member.value.string.flatMap { LogEntry.Kind(rawValue: $0) } ?? entry.kind
            case "level": entry.level = member.value.string.flatMap { Logger.Level(rawValue: $0) } ?? entry.level
            case "stream": entry.stream = member.value.string ?? entry.stream
            case "request": entry.requestID = member.value.string
            case "message": entry.message = member.value.string ?? ""
            case "fields": entry.fields = fields(of: member.value)
            case "marks": marks = self.marks(of: member.value)
            case "names": names = self.marks(of: member.value)
            default: break  // of a later version
            }
        }
        entry.records = RecordMarks(marks: marks, names: names)
        return isTimed ? entry : nil
    }

    private static func parse(_ line: Bytes) -> JSONValue? {
        do throws(JSONMistake) {
            return try JSONValue(parsing: line)
        } catch {
            return nil
        }
    }

    private static func fields(of object: JSONValue) -> LogFields {
        var fields: LogFields = [:]
        for member in object.members {
            switch member.value.kind {
            case .string: fields.append(member.name, .text(member.value.string ?? ""))
            case .number: fields.append(member.name, .number(Double(member.value.bytes.text) ?? .nan))
            default: break
            }
        }
        return fields
    }

    private static func marks(of value: JSONValue) -> [UInt64] {
        guard let text = value.string, let data = Data(base64Encoded: text) else { return [] }
        let bytes = Array(data)
        return stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
            bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
