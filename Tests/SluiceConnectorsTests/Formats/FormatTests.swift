import Foundation
import Sluice
import Testing

@testable import SluiceConnectors

@Suite("Records of an object")
struct FormatTests {
    // MARK: Lines

    @Test("JSON lines: a value a line, as it is written; empty lines are none; the last needs no end")
    func jsonLines() throws {
        let result = try SplitResult("{\"a\": 1}\r\n\n  \n[2]\n\"x\"", key: "a.jsonl")
        #expect(result.texts == ["{\"a\": 1}", "[2]", "\"x\""])
        #expect(result.records.map(\.number) == [0, 1, 2])
        #expect(result.records.map(\.line) == [1, 4, 5])
        #expect(result.records.map(\.offset) == [0, 14, 18])
        #expect(result.broken == [])
    }

    @Test("JSON lines: a line that is no JSON is broken, with its number and its place, and the rest goes on")
    func brokenLine() throws {
        let result = try SplitResult("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", key: "a.jsonl")
        #expect(result.records.map(\.number) == [0, 2])
        let broken = try #require(result.broken.first)
        #expect((broken.number, broken.line, broken.offset, broken.type) == (1, 2, 8, "not-json"))
        #expect(broken.bytes.text == "{\"a\":")
    }

    @Test("lines: whatever is in them, without their ends", arguments: ["a.txt", "a.log", "a"])
    func lines(key: String) throws {
        let result = try SplitResult([0x61, 0xFF, 0x0A, 0x0D, 0x0A, 0x62], key: key)
        #expect(result.records.map { Array($0.body) } == [[0x61, 0xFF], [0x62]])
    }

    @Test("a line that is too large is passed over, and said with its length", arguments: [1_024, 300_000])
    func longLine(longest: Int) throws {
        let long = String(repeating: "x", count: 700_000)
        let result = try SplitResult("a\n\(long)\nb\n\(long)", key: "a.txt", maxRecord: longest)
        #expect(result.texts == ["a", "b"])
        #expect(result.broken.map(\.number) == [1, 3])
        #expect(result.types == ["too-large", "too-large"])
        #expect(
            result.broken.map(\.reason) == Array(repeating: "it has 700000 bytes, and \(longest) are allowed", count: 2)
        )
        #expect(result.broken.allSatisfy { $0.bytes.count <= BrokenRecord.longest })
    }

    @Test("a line of exactly the largest size is a record, with LF and with CRLF", arguments: ["\n", "\r\n", ""])
    func exactSize(end: String) throws {
        let text = String(repeating: "x", count: 1_024)
        #expect(try SplitResult(text + end, key: "a.txt", maxRecord: 1_024).texts == [text])
        #expect(try SplitResult("x" + text + end, key: "a.txt", maxRecord: 1_024).types == ["too-large"])
    }

    @Test("bytes: the whole object is one record; an empty one is none")
    func whole() throws {
        let source = Source.bucket("drop", format: .bytes)
        #expect(try SplitResult("a\nb\n", source).texts == ["a\nb\n"])
        #expect(try SplitResult("", source) == SplitResult())
        #expect(try SplitResult("abcd", source, maxRecord: 3).types == ["too-large"])
    }

    @Test("an empty object has no records", arguments: ObjectFormat.allCases)
    func empty(format: ObjectFormat) throws {
        #expect(try SplitResult("", .bucket("drop", format: format, csv: CSVOptions(header: true))).records == [])
    }

    // MARK: JSON

    @Test("JSON: the elements of an array are the records, as they are written")
    func array() throws {
        let text = "\u{FEFF} [ {\"a\": [1, {\"b\": \"]}\\\"\"}]} ,\n 2.50 , \"x,y\" , null,[]\n] \n"
        let result = try SplitResult(text, key: "a.json")
        #expect(result.texts == ["{\"a\": [1, {\"b\": \"]}\\\"\"}]}", "2.50", "\"x,y\"", "null", "[]"])
        #expect(result.records.map(\.line) == [1, 2, 2, 2, 2])
        #expect(result.broken == [])
    }

    @Test("JSON: a document is one record, and those that stand one behind the other are a record each")
    func documents() throws {
        #expect(try SplitResult("{\"a\":\n 1}\n", key: "a.json").texts == ["{\"a\":\n 1}"])
        #expect(try SplitResult("{\"a\":1}\n{\"a\":2} 3", key: "a.json").texts == ["{\"a\":1}", "{\"a\":2}", "3"])
        #expect(try SplitResult("[]", key: "a.json") == SplitResult())
    }

    @Test(
        "JSON: a broken element is dead alone, where the next can be told; else the rest is given up, once",
        arguments: [
            ("[1, tru, 3]", ["1", "3"], ["not-json"]), ("[1,,3]", ["1", "3"], ["not-json"]),
            ("[1,]", ["1"], ["not-json"]),
            ("[1 2, 3]", ["1"], ["not-json"]), ("[1] 2", ["1"], ["not-json"]), ("[1, 2", ["1", "2"], ["truncated"]),
            ("[1, {\"a\": ", ["1"], ["not-json"]), ("[", [], ["truncated"]), ("[}]", [], ["not-json", "not-json"]),
            ("}1", ["1"], ["not-json"]), ("[1,\"", ["1"], ["not-json"]),
        ])
    func brokenJSON(text: String, records: [String], broken: [String]) throws {
        let result = try SplitResult(text, key: "a.json")
        #expect(result.texts == records)
        #expect(result.types == broken)
        #expect(
            (result.records.map(\.number) + result.broken.map(\.number)).sorted().map(Int.init)
                == Array(0..<records.count + broken.count))
    }

    @Test("JSON: an element that is too large is passed over")
    func longElement() throws {
        let long = "{\"a\":\"" + String(repeating: "[", count: 600_000) + "\"}"
        let result = try SplitResult("[1,\(long), 2 ,\(long)]", key: "a.json", maxRecord: 2_000)
        #expect(result.texts == ["1", "2"])
        #expect(result.types == ["too-large", "too-large"])
        #expect(result.broken.map(\.reason).allSatisfy { $0.contains("\(long.utf8.count) bytes") })
    }

    // MARK: CSV

    @Test("CSV: a row is an object of texts, under the names of the header")
    func csv() throws {
        let text = "\u{FEFF}id,name\r\n1,\"a \"\"b\"\"\nc\"\n\n2,\r3,\"\"\n4,é\\"
        let result = try SplitResult(text, key: "a.csv")
        #expect(
            result.texts == [
                #"{"id":"1","name":"a \"b\"\u000ac"}"#, #"{"id":"2","name":""}"#, #"{"id":"3","name":""}"#,
                #"{"id":"4","name":"é\\"}"#,
            ])
        #expect(result.records.map(\.number) == [0, 1, 2, 3])
        #expect(result.records.map(\.line).prefix(2) == [2, 5])
    }

    @Test("CSV: columns of the definition, another delimiter, a text that is null")
    func csvOptions() throws {
        let source = Source.bucket(
            "drop", format: .csv, csv: CSVOptions(header: false, columns: ["a", "b"], delimiter: ";", null: "NA"))
        #expect(try SplitResult("1;NA\n\"NA\";,\n", source).texts == [#"{"a":"1","b":null}"#, #"{"a":null,"b":","}"#])
        let named = Source.bucket("drop", csv: CSVOptions(columns: ["a", "b"]))
        #expect(try SplitResult("x\ty\n1\t2\n", key: "a.tsv", named).texts == [#"{"a":"1","b":"2"}"#])
    }

    @Test(
        "CSV: a row of another length, a quote that is never closed and text behind a quote are dead alone",
        arguments: [
            ("1\n2,3\n", 1, ["csv"]), ("1,2,3\n2,3\n", 1, ["csv"]), ("\"1,2\n2,3\n4,5\n", 2, ["csv"]),
            ("\"1\"x,2\n2,3\n", 1, ["csv"]), ("2,3\n\"1", 1, ["csv"]),
        ])
    func brokenRows(text: String, records: Int, broken: [String]) throws {
        let result = try SplitResult("a,b\n" + text, key: "a.csv")
        #expect(result.records.count == records)
        #expect(result.types == broken)
    }

    @Test(
        "CSV: a header that names no columns, or one twice, is said once, and nothing is read under it",
        arguments: [
            "a,a\n1,2\n3,4\n", "a,\n1,2\n", "\"a,b\n1,2\n",
        ])
    func badHeader(text: String) throws {
        let result = try SplitResult(text, key: "a.csv")
        #expect(result.records == [])
        #expect(result.types == ["csv"])
    }

    @Test("CSV: Latin-1 and UTF-16, with and without a byte order mark; what is no UTF-8 is broken")
    func encodings() throws {
        let text = "a,b\né,🙂\n"
        let expected = [#"{"a":"é","b":"🙂"}"#]
        let latin = Source.bucket("drop", format: .csv, csv: CSVOptions(encoding: .latin1))
        #expect(try SplitResult([0x61, 0x0A, 0xE9, 0x0A], latin).texts == [#"{"a":"é"}"#])
        let plain = Source.bucket("drop", format: .csv)
        let utf16 = Source.bucket("drop", format: .csv, csv: CSVOptions(encoding: .utf16))
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            let bytes = try #require(text.data(using: encoding)).map(\.self)
            let mark: [UInt8] = encoding == .utf16LittleEndian ? [0xFF, 0xFE] : [0xFE, 0xFF]
            for pieces in [1, 7, Int.max] {
                #expect(try SplitResult(mark + bytes, plain, pieces: pieces).texts == expected)
            }
        }
        let bytes = try #require(text.data(using: .utf16LittleEndian)).map(\.self)
        #expect(try SplitResult(bytes, utf16).texts == expected)
        #expect(try SplitResult(bytes.dropLast() + [], utf16).types == ["truncated"])
        #expect(try SplitResult([0x61, 0x0A, 0xE9, 0x0A, 0x62], plain).types == ["encoding"])
    }

    // MARK: Compression

    @Test(
        "gzip and zstd: several members are one text, told by their first bytes", arguments: ["gzip -c", "zstd -q -c"])
    func compressed(tool: String) throws {
        let bytes = try Self.compress("1\n2\n", tool) + Self.compress("3\n", tool)
        for key in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"] {
            #expect(try SplitResult(bytes, key: key).texts == ["1", "2", "3"])
        }
        #expect(try SplitResult(bytes, key: "a.jsonl", pieces: 3, records: 1).texts == ["1", "2", "3"])
    }

    @Test(
        "a compressed object that ends in the middle: what came before is there, and the rest is said once",
        arguments: ["gzip -c", "zstd -q -c"])
    func truncated(tool: String) throws {
        let text = (0..<40_000).map { "{\"n\":\($0),\"x\":\($0 * 7_919 % 10_007)}\n" }.joined()
        let bytes = try Self.compress(text, tool)
        let result = try SplitResult(Array(bytes.dropLast(bytes.count / 3)), key: "a.jsonl.gz")
        #expect(result.records.count > 1_000)
        #expect(result.texts == Array(text.split(separator: "\n").map(String.init).prefix(result.records.count)))
        #expect(result.types == ["truncated"])
        #expect(result.broken.first?.number == Int64(result.records.count))
    }

    @Test("damage, and what is no compression, is said; zeros behind gzip are padding")
    func damaged() throws {
        let bytes = try Self.compress("1\n2\n", "gzip -c")
        var damaged = bytes
        damaged[damaged.count - 6] ^= 0xFF
        #expect(try SplitResult(damaged, key: "a.jsonl").types == ["compression"])
        #expect(try SplitResult(bytes + [0x41, 0x42], key: "a.jsonl").types == ["compression"])
        #expect(try SplitResult(bytes + [0, 0, 0], key: "a.jsonl").texts == ["1", "2"])
        #expect(try SplitResult("1\n", key: "a.jsonl.gz").types == ["compression"])
        #expect(try SplitResult("1\n", key: "a.jsonl.gz", .bucket("drop", compression: .none)).texts == ["1"])
        #expect(try SplitResult("", key: "a.jsonl.gz") == SplitResult())
    }

    // MARK: Detection

    @Test(
        "the name tells the format, then the first bytes",
        arguments: [
            ("a.ndjson", "{}\n", 1), ("a.csv", "a\n1\n", 1), ("a", "[1,2]", 2), ("a", "{\"a\":1}\n{\"a\":2}\n", 2),
            ("a", "{\"a\":\n1}", 1), ("a", "x y\nz\n", 2), ("in/A.JSON", "[1,2,3]", 3), ("a.csv.bak", "a\n1\n", 2),
        ])
    func detection(key: String, text: String, count: Int) throws {
        #expect(try SplitResult(text, key: key).records.count == count)
    }

    static func compress(_ text: String, _ tool: String) throws -> [UInt8] {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec \(tool)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let writer = Thread {
            input.fileHandleForWriting.write(Data(text.utf8))
            input.fileHandleForWriting.closeFile()
        }
        writer.start()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(tool) is needed")
        return Array(data)
    }
}
