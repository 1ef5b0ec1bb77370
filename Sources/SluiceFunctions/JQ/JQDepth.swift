import Foundation
import Sluice

/// jq writes these words instead of a value that is nested too deep: what it writes then is no JSON, or as a text no
/// longer what the program made.
enum JQDepth {
    /// Of 1.6 in Debian, and of others.
    private static let words = ["<stripped: exceeds max depth>", "<skipped: too deep>"].map { Array($0.utf8) }

    /// - Parameter others: what may have the words by itself: the record, the program.
    static func isExceeded(in output: [UInt8], _ others: UnsafeBufferPointer<UInt8>...) -> Bool {
        let found = output.withUnsafeBufferPointer { output in words.filter { has($0, output) } }
        guard !found.isEmpty else { return false }
        return found.contains { word in !others.contains { has(word, $0) } } || JSONMistake.of(output[...]) != nil
    }

    private static func has(_ word: [UInt8], _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return false }
        var position = 0
        while let found = memchr(start + position, Int32(word[0]), text.count - position) {
            position = UnsafeRawPointer(found) - UnsafeRawPointer(start)
            if text.count - position >= word.count, memcmp(found, word, word.count) == 0 { return true }
            position += 1
        }
        return false
    }
}
