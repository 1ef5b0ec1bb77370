import Foundation
import Sluice
import Testing

@testable import SluiceConnectors

@Suite("CSV of an object")
struct CSVTests {
    @Test("a broken row ends with its line, whatever ends lines", arguments: ["\n", "\r\n", "\r"])
    func brokenRow(end: String) throws {
        let text = ["a,b", "\"1\"x,2", "3,4", "5", "6,7", ""].joined(separator: end)
        let result = try SplitResult(text, key: "a.csv")
        #expect(result.texts == [#"{"a":"3","b":"4"}"#, #"{"a":"6","b":"7"}"#])
        #expect(result.types == ["csv", "csv"])
        for pieces in [1, 2, 7] { #expect(try SplitResult(text, key: "a.csv", pieces: pieces) == result) }
    }

    @Test("a row that is too large is passed over up to the same place, in whatever pieces it comes")
    func largeRow() throws {
        let lines = (0..<30).map { "line \($0)" }.joined(separator: "\n")
        for last in ["\",1\n2,3\n", "\"x,1\n2,3\n", "\n2,3\n"] {
            let text = "a,b\n\"" + lines + last
            let whole = try SplitResult(text, key: "a.csv", maxRecord: 40)
            #expect(whole.types.first == "too-large")
            for pieces in [1, 3, 50] {
                let result = try SplitResult(text, key: "a.csv", maxRecord: 40, pieces: pieces)
                #expect(result.summary == whole.summary)
            }
        }
    }

    @Test("is read as Python's csv reads it", arguments: 0..<12)
    func likePython(seed: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-csv-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { remove(folder) }
        let written = try Self.python(Self.writer, folder.path, "\(seed)")
        #expect(written == 0)
        let text = try Data(contentsOf: folder.appending(path: "rows.csv")).map(\.self)
        let expected = try String(contentsOf: folder.appending(path: "rows.jsonl"), encoding: .utf8)
        let delimiter = try String(contentsOf: folder.appending(path: "delimiter"), encoding: .utf8)
        let source = Source.bucket("drop", csv: CSVOptions(delimiter: delimiter.first ?? ","))
        let result = try SplitResult(text, key: "rows.csv", source, pieces: 5_000, records: 50, seed: UInt64(seed))
        #expect(result.broken == [])
        let lines = expected.split(separator: "\n")
        #expect(result.records.count == lines.count)
        let decoder = JSONDecoder()
        for (record, line) in zip(result.records, lines) {
            let ours = try decoder.decode([String: String].self, from: Data(record.body))
            #expect(try ours == decoder.decode([String: String].self, from: Data(line.utf8)))
        }
    }

    /// Writes a table with Python's `csv`, and what its `DictReader` and `json` make of it.
    private static let writer = #"""
        from csv import QUOTE_ALL, QUOTE_MINIMAL, DictReader, writer
        from json import dumps
        from pathlib import Path
        from random import Random
        from sys import argv
        folder, seed = Path(argv[1]), int(argv[2])
        pick = Random(seed)
        delimiter = pick.choice(",;\t|")
        parts = ["a", "bc", " ", ",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "é", "🙂", "\\", "0", "\x01", "null"]
        end, quoting = pick.choice(["\n", "\r\n", "\r"]), pick.choice([QUOTE_MINIMAL, QUOTE_ALL])
        if quoting == QUOTE_MINIMAL:  # which quotes no other ends of lines than its own
            parts = [part for part in parts if not set(part) & set("\r\n") - set(end)]
        names = [f"column {n} {pick.choice(parts)}" for n in range(pick.randint(2, 9))]
        with open(folder / "rows.csv", "w", newline="", encoding="utf-8") as file:
            rows = writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)
            rows.writerow(names)
            for _ in range(400):
                rows.writerow(["".join(pick.choices(parts, k=pick.randint(0, 8))) for _ in names])
        with open(folder / "rows.csv", newline="", encoding="utf-8") as file:
            rows = [dumps(row) for row in DictReader(file, delimiter=delimiter)]
        (folder / "rows.jsonl").write_text("".join(row + "\n" for row in rows))
        (folder / "delimiter").write_text(delimiter)
        """#

    private static func python(_ program: String, _ arguments: String...) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program] + arguments
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func remove(_ folder: URL) {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
}
