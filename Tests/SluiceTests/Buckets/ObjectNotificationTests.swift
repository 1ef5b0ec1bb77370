import Sluice
import Testing

@Suite("The message that announces an object")
struct ObjectNotificationTests {
    @Test(
        "says again what it was made of, whatever the key has in it",
        arguments: [
            "in/1997-01.csv", "red flower+é@x.csv", "a//b/../c", "%41", "\u{1}\n\"", "日本語/🙂",
        ])
    func roundTrip(key: String) throws {
        let stored = StoredObject(
            object: ObjectVersion(bucket: "drop", key: key, version: "0123456789abcdef0123456789abcdef"), size: 12,
            etag: "d41d8cd98f00b204e9800998ecf8427e", modified: Timestamp(milliseconds: 1_700_000_000_123),
            sequencer: "000000000000001F")
        let notification = ObjectNotification(stored)
        #expect(try ObjectNotification(parsing: notification.body) == notification)
    }

    @Test("is as S3 writes it: the key form-encoded, the ETag without quotes")
    func form() throws {
        let stored = StoredObject(
            object: ObjectVersion(bucket: "drop", key: "red flower.jpg", version: "v"), size: 1_024, etag: "d41d",
            modified: Timestamp(milliseconds: 0), sequencer: "1")
        let text = ObjectNotification(stored).body.text
        #expect(text.contains(#""key":"red+flower.jpg","size":1024,"eTag":"d41d","versionId":"v""#))
        #expect(text.contains(#""eventTime":"1970-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put""#))
    }

    @Test(
        "what is something else says why it is not one",
        arguments: [
            "", "no JSON", "{}", #"{"Records":[]}"#, #"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#,
            #"{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#,
            #"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}"#,
        ])
    func mistakes(text: String) {
        #expect(throws: ObjectNotification.Mistake.self) { try ObjectNotification(parsing: Bytes(text)) }
    }
}
