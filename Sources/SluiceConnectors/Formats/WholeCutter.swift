import Sluice

/// The whole text is one record; an empty one is none.
struct WholeCutter: RecordCutter {
    let longest: Int

    mutating func next(_ window: inout StreamWindow) throws -> Cut? {
        while window.count <= longest, try window.more() {}
        let (offset, line) = (window.offset, window.line)
        if window.count == 0 { return nil }
        if window.count <= longest {
            let body = window.slice(0..<window.count)
            window.advance(window.count, lines: window.lineEnds(in: window.count))
            return Cut(offset: offset, line: line, content: .record(body))
        }
        let beginning = try window.passingOver { try $0.advanceToEnd() }
        return .tooLarge(
            offset: offset, line: line, length: window.offset - offset, longest: longest, beginning: beginning)
    }
}
