import Crypto
import Foundation

/// Which code runs: the version of Swift functions.
enum BuildID {
    /// The first seven digits of the SHA-256 of the executable; `nil` when it cannot be read. Read once, and not at all
    /// where nothing runs: an executable may have 100 MB.
    static let ofThisExecutable: String? = {
        do {
            let path = Bundle.main.executablePath ?? "/proc/self/exe"
            return digest(try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
        } catch {
            return nil
        }
    }()

    static func digest(_ bytes: Data) -> String {
        SHA256.hash(data: bytes).prefix(4).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined().prefix(7).description
    }
}
