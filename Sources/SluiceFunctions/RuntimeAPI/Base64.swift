import Foundation

enum Base64 {
    /// `nil` when the text is not base64.
    static func decoded(_ text: String) -> [UInt8]? { Data(base64Encoded: text).map { Array($0) } }
}
