#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The terminal as a page that is drawn over and over: what was on it before comes back at the end.
struct Screen: Sendable {
    private let console: Console

    /// The other buffer of the terminal, without a cursor.
    init(_ console: Console) {
        self.console = console
        console.out("\u{1B}[?1049h\u{1B}[?25l")
    }

    func leave() { console.out("\u{1B}[?25h\u{1B}[?1049l") }

    /// Draws over what is there, line by line, in one piece: nothing flickers. What has no room is left out.
    func draw(_ lines: [String]) {
        let (width, height) = Self.size
        var shown = lines.prefix(height).map { String($0.prefix(width)) }
        if lines.count > height, height > 0 {
            shown[height - 1] = String("… \(lines.count - height + 1) more lines".prefix(width))
        }
        let page = shown.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        console.out("\u{1B}[H\(page)\u{1B}[J")
    }

    /// As it is now; 80 by 24 where the terminal does not say.
    private static var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
