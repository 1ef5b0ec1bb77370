import Foundation
import Sluice

/// The version of this program's Swift functions: twelve digits that change when its code does.
enum ExecutableVersion {
    /// The executable's own bytes, folded into 64 bits (FNV-1a over words). A build id of the linker would do as well,
    /// but Swift's linker does not write one unless it is asked to.
    static func current() throws -> String {
        let path = "/proc/self/exe"
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
            return fold(data)
        } catch {
            throw ControlError.failed("cannot read the running executable: \(error.localizedDescription)")
        }
    }

    static func fold(_ data: Data) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        data.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count - bytes.count % 8, by: 8) {
                hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01B3
                // Multiplication carries only upwards; the turn lets high bits reach low ones.
                hash = hash << 23 | hash >> 41
            }
            for byte in bytes.suffix(bytes.count % 8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let digits = String(hash, radix: 16)
        return String((String(repeating: "0", count: 16 - digits.count) + digits).prefix(12))
    }
}
