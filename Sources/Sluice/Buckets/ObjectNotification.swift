import Foundation

/// The message that says that an object was created: an event notification of S3, in the form of version 2.1.
package struct ObjectNotification: Sendable, Hashable {
    package var object: ObjectVersion
    package var size: Int
    package var etag: String
    package var created: Timestamp
    package var sequencer: String
    /// The replay that announces the object again; `nil` = it has arrived.
    package var replay: Replay?

    package struct Replay: Sendable, Hashable {
        package var number: Int
        /// Of the object's records, those that are wanted.
        package var conditions: [ReplayCondition]

        package init(number: Int, conditions: [ReplayCondition]) {
            self.number = number
            self.conditions = conditions
        }
    }

    package init(_ stored: StoredObject, replay: Replay? = nil) {
        self.replay = replay
        object = stored.object
        size = stored.size
        etag = stored.etag
        created = stored.modified
        sequencer = stored.sequencer
    }

    /// What makes a message no notification that Split can work with.
    package struct Mistake: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// As S3 writes it: the key form-encoded, the ETag without quotes.
    package var body: Bytes {
        var json: [UInt8] = []
        func add(_ text: String) { json.append(contentsOf: text.utf8) }
        add(#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":""#)
        add(Self.time(created))
        add(#"","eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"#)
        json.appendJSON(object.bucket)
        add(#","arn":"#)
        json.appendJSON("arn:aws:s3:::\(object.bucket)")
        add(#"},"object":{"key":"#)
        json.appendJSON(Self.encoded(object.key))
        add(#","size":\#(size),"eTag":"#)
        json.appendJSON(etag)
        add(#","versionId":"#)
        json.appendJSON(object.version)
        add(#","sequencer":"#)
        json.appendJSON(sequencer)
        add("}}}]")
        if let replay { appendReplay(replay, to: &json) }
        add("}")
        return json[...]
    }

    /// Beside what S3 writes.
    private func appendReplay(_ replay: Replay, to json: inout [UInt8]) {
        json.append(contentsOf: #","sluice":{"replay":\#(replay.number),"where":["#.utf8)
        for (index, condition) in replay.conditions.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.appendJSON(condition.text)
        }
        json.append(contentsOf: "]}".utf8)
    }

    private static func replay(in event: JSONValue) throws(Mistake) -> Replay? {
        guard let own = event.member("sluice"), let number = own.member("replay")?.scalarText.flatMap({ Int($0) })
        else {
            return nil
        }
        var conditions: [ReplayCondition] = []
        if let texts = own.member("where"), texts.kind == .array {
            for text in texts.elements {
                do throws(ReplayCondition.Mistake) {
                    conditions.append(try ReplayCondition(parsing: text.string ?? ""))
                } catch {
                    throw Mistake(description: error.description)
                }
            }
        }
        return Replay(number: number, conditions: conditions)
    }

    /// - Throws: what is missing in it.
    package init(parsing body: Bytes) throws(Mistake) {
        let event: JSONValue
        do {
            event = try JSONValue(parsing: body)
        } catch {
            throw Mistake(description: "it is no JSON: \(error)")
        }
        guard let record = event.member("Records")?.element(0), let s3 = record.member("s3"),
            let stored = s3.member("object"), let bucket = s3.member("bucket")?.member("name")?.string,
            let key = stored.member("key")?.string.flatMap(Self.decoded)
        else { throw Mistake(description: "it is no event notification of S3: it names no object") }
        guard let name = record.member("eventName")?.string, name.hasPrefix("ObjectCreated:") else {
            throw Mistake(description: "it is about another event than the creation of an object")
        }
        guard let version = stored.member("versionId")?.string else {
            throw Mistake(description: "it names no version of the object")
        }
        object = ObjectVersion(bucket: bucket, key: key, version: version)
        size = stored.member("size")?.scalarText.flatMap { Int($0) } ?? 0
        etag = stored.member("eTag")?.string ?? ""
        sequencer = stored.member("sequencer")?.string ?? ""
        created = record.member("eventTime")?.string.flatMap(Self.moment) ?? Timestamp(milliseconds: 0)
        replay = try Self.replay(in: event)
    }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static func time(_ moment: Timestamp) -> String {
        // Half a millisecond more, because the fraction is cut off and not rounded.
        Date(timeIntervalSince1970: (Double(moment.milliseconds) + 0.5) / 1_000).formatted(style)
    }

    private static func moment(_ text: String) -> Timestamp? {
        do {
            return Timestamp(milliseconds: Int64((try style.parse(text).timeIntervalSince1970 * 1_000).rounded()))
        } catch {
            return nil
        }
    }

    /// As a form writes it: a space is `+`, and what is neither letter, digit nor one of `-_.*/` is `%XX`.
    static func encoded(_ key: String) -> String {
        var text = ""
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "*"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): text += "+"
            default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    /// `nil` = it is not form-encoded UTF-8.
    static func decoded(_ text: String) -> String? {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
    }
}
