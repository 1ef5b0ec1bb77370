import Sluice

/// Reads an object record by record, with the same memory whatever its size. What is left of it after `position` is the
/// same as if it had been read from its beginning. One thread's at a time; blocks as long as the disk does.
final class ObjectRecordReader {
    private var window: StreamWindow
    private var cutter: any RecordCutter
    private var number: Int64
    private var isAtEnd = false
    /// What was found before anything was cut.
    private var fault: StreamFault?

    /// - Parameters:
    ///   - open: opens the object at a byte, as it is stored.
    ///   - key: the object's, for what its name says.
    /// - Throws: `ObjectError`.
    init(
        _ open: @escaping (Int64) throws -> any ByteSource, key: String, _ source: Source, maxRecord: Int,
        from position: SourcePosition?
    ) throws {
        let position = position ?? .beginning
        number = position.number
        let plan = ReadingPlan(open: open, detection: FormatDetection(key: key), source: source, longest: maxRecord)
        do {
            (window, cutter) = try plan.begin(at: position)
        } catch let fault as StreamFault {
            self.fault = fault
            window = StreamWindow(EmptySource(), at: position)
            cutter = WholeCutter(longest: maxRecord)
        }
    }

    /// The next records, in order: at most so many, and about so many bytes of them, but at least one where one is left.
    /// - Throws: `ObjectError`.
    func next(records most: Int, bytes mostBytes: Int) throws -> SplitBatch {
        var batch = SplitBatch(position: .beginning, isAtEnd: false)
        do {
            if let fault { throw fault }
            if !isAtEnd {
                isAtEnd = try cutter.cut(&window, into: &batch, number: &number, records: most, bytes: mostBytes)
            }
        } catch let fault as StreamFault {
            // What came before was right; what is left is said once.
            if !isAtEnd { add(fault, to: &batch) }
            isAtEnd = true
        }
        batch.position = SourcePosition(offset: window.offset, number: number, line: window.line)
        batch.isAtEnd = isAtEnd
        return batch
    }

    private func add(_ fault: StreamFault, to batch: inout SplitBatch) {
        batch.broken.append(
            BrokenRecord(
                number: number, offset: window.offset, line: window.line, reason: fault.reason, type: fault.type,
                bytes: window.slice(0..<min(window.count, BrokenRecord.longest))))
        number += 1
    }
}

/// How an object is read: what is between its bytes and its records.
private struct ReadingPlan {
    let open: (Int64) throws -> any ByteSource
    let detection: FormatDetection
    let source: Source
    let longest: Int

    /// Enough to tell what a text is.
    private static let beginning = 4_096
    private static let utf8Mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    func begin(at position: SourcePosition) throws -> (StreamWindow, any RecordCutter) {
        let first = try open(0).first(4)
        let compression = source.compression == .auto ? try detection.compression(first) : source.compression
        // The text's own beginning tells what it is, and has the header.
        let stored = try decompressed(try open(0), compression)
        let opening = try stored.first(Self.beginning)
        let (format, delimiter) = format(opening)
        let encoding = encoding(opening, format)
        if position == .beginning || format == .bytes {
            var window = try window(PrefixedSource(opening, stored), encoding, format, opening)
            return (window, try cutter(format, delimiter, &window, isBeginning: true))
        }
        var beginning = try window(PrefixedSource(opening, stored), encoding, format, opening)
        let cutter = try cutter(format, delimiter, &beginning, isBeginning: false)
        return (StreamWindow(try resumed(at: position, compression, encoding), at: position), cutter)
    }

    private func decompressed(_ source: any ByteSource, _ compression: ObjectCompression) throws -> any ByteSource {
        switch compression {
        case .auto, .none: source
        case .gzip: try GzipSource(source)
        case .zstd: try ZstdSource(source)
        }
    }

    private func format(_ opening: [UInt8]) -> (ObjectFormat, Character) {
        guard source.format == .auto else { return (source.format, source.csv.delimiter) }
        if let named = detection.format { return (named.format, named.delimiter ?? source.csv.delimiter) }
        let text = opening.starts(with: Self.utf8Mark) ? Array(opening.dropFirst(3)) : opening
        return (FormatDetection.format(of: text), source.csv.delimiter)
    }

    /// `nil` = UTF-8, or bytes that nobody has to understand.
    private func encoding(_ opening: [UInt8], _ format: ObjectFormat) -> TextDecoder.Encoding? {
        guard format != .lines, format != .bytes else { return nil }
        if opening.starts(with: [0xFF, 0xFE]) { return .utf16LittleEndian }
        if opening.starts(with: [0xFE, 0xFF]) { return .utf16BigEndian }
        guard format == .csv, !opening.starts(with: Self.utf8Mark) else { return nil }
        switch source.csv.encoding {
        case .utf8: return nil
        case .latin1: return .latin1
        case .utf16: return .utf16LittleEndian
        }
    }

    /// From the beginning of the text, behind its byte order mark.
    private func window(
        _ stored: any ByteSource, _ encoding: TextDecoder.Encoding?, _ format: ObjectFormat, _ opening: [UInt8]
    ) throws -> StreamWindow {
        let text = encoding.map { TextDecoder(stored, from: $0) as any ByteSource } ?? stored
        var window = StreamWindow(text, at: .beginning)
        guard format != .lines, format != .bytes else { return window }
        // A fault comes again where the text ends.
        do { while window.count < 3, try window.more() {} } catch is StreamFault {}
        // In whatever encoding: the mark is a character of the text.
        if window.count >= 3, window.slice(0..<3).elementsEqual(Self.utf8Mark) { window.advance(3) }
        return window
    }

    private func resumed(
        at position: SourcePosition, _ compression: ObjectCompression, _ encoding: TextDecoder.Encoding?
    ) throws -> any ByteSource {
        if compression == .none, encoding == nil { return try open(position.offset) }
        let stored = try decompressed(try open(0), compression)
        let text = encoding.map { TextDecoder(stored, from: $0) as any ByteSource } ?? stored
        try text.skip(position.offset)
        return text
    }

    /// - Parameter window: at the beginning of the text, whether it is read from there or not.
    private func cutter(
        _ format: ObjectFormat, _ delimiter: Character, _ window: inout StreamWindow, isBeginning: Bool
    ) throws -> any RecordCutter {
        switch format {
        case .auto, .lines: return LineCutter(isJSON: false, longest: longest)
        case .jsonl: return LineCutter(isJSON: true, longest: longest)
        case .bytes: return WholeCutter(longest: longest)
        case .json:
            return JSONCutter(isArray: isBeginning ? nil : try JSONCutter.isArray(&window), longest: longest)
        case .csv:
            var options = source.csv
            options.delimiter = delimiter
            if isBeginning { return CSVCutter(options, longest: longest) }
            var cutter = CSVCutter(options, longest: longest)
            // A header that is none was said when the text was begun; nothing is left of it then.
            let columns = options.header ? try cutter.readHeader(&window).get() : options.columns
            return CSVCutter(options, columns: columns, longest: longest)
        }
    }
}

/// Nothing.
private final class EmptySource: ByteSource {
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int { 0 }
}
