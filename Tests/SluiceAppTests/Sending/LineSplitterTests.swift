import Sluice
import Testing

@testable import SluiceApp

@Suite("Lines of send")
struct LineSplitterTests {
    /// Feeds the pieces one after the other.
    private func split(
        _ pieces: [[UInt8]], longest: Int = 100, skip: Int = 0
    ) -> (output: LineSplitter.Output, splitter: LineSplitter) {
        var splitter = LineSplitter(longest: longest, skip: skip)
        var output = LineSplitter.Output()
        for piece in pieces { splitter.consume(piece[...], into: &output) }
        splitter.finish(into: &output)
        return (output, splitter)
    }

    private func lines(_ text: String, longest: Int = 100, skip: Int = 0) -> [String] {
        split([Array(text.utf8)], longest: longest, skip: skip).output.lines.map { "\($0.number):\($0.body.text)" }
    }

    @Test("a line ends with LF, CRLF or the end of the input; empty ones are skipped and counted")
    func ends() {
        #expect(lines("a\nb\r\n\n\r\nc") == ["1:a", "2:b", "5:c"])
        #expect(lines("") == [])
        #expect(lines("\n") == [])
        #expect(lines("a\r") == ["1:a"])
        #expect(lines("a\rb\n") == ["1:a\rb"])
        #expect(split([Array("\n\na\n".utf8)]).splitter.emptyLines == 2)
    }

    @Test("bytes that are no text are bytes of the line")
    func bytes() {
        let output = split([[0, 0xFF, 0xC3, 0x0A, 0xC3, 0x28]]).output
        #expect(output.lines.map { Array($0.body) } == [[0, 0xFF, 0xC3], [0xC3, 0x28]])
    }

    @Test("wherever the input is cut, the lines are the same")
    func cuts() {
        let text = Array("first\r\n\nsecond is longer\nthird\r\n\r\nx".utf8)
        let whole = split([text], longest: 12).output
        for cut in 0...text.count {
            for second in cut...text.count {
                let pieces = [Array(text[..<cut]), Array(text[cut..<second]), Array(text[second...])]
                #expect(split(pieces, longest: 12).output == whole)
            }
        }
    }

    @Test("a line of exactly the limit is taken, with CRLF too; one byte more is refused with its number and length")
    func limit() {
        let text = "12345\r\n123456\n1234567\r\nok"
        let output = split([Array(text.utf8)], longest: 5).output
        #expect(output.lines.map(\.body.text) == ["12345", "ok"])
        #expect(
            output.tooLong == [
                LineSplitter.TooLong(number: 2, length: 6), LineSplitter.TooLong(number: 3, length: 7),
            ])
    }

    @Test("a line of 200 MB passes without being held")
    func huge() {
        var splitter = LineSplitter(longest: 1 << 20)
        var output = LineSplitter.Output()
        let piece = [UInt8](repeating: 0x61, count: 256 << 10)
        for _ in 0..<800 { splitter.consume(piece[...], into: &output) }
        splitter.consume([0x0A, 0x62, 0x0A], into: &output)
        #expect(output.tooLong == [LineSplitter.TooLong(number: 1, length: 200 << 20)])
        #expect(output.lines.map(\.number) == [2])
        #expect(splitter.heldBytes == 0)
    }

    @Test("what is skipped is counted in lines of the input, empty and refused ones too")
    func skip() {
        #expect(lines("a\n\nlonger\nb\nc", longest: 3, skip: 3) == ["4:b", "5:c"])
        #expect(lines("a\nb", skip: 9) == [])
        #expect(split([Array("longer\nb\n".utf8)], longest: 3, skip: 1).output.tooLong == [])
    }
}
