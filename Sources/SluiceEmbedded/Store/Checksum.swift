import CZlib

/// CRC-32 of what is stored, so that bytes that a disk has changed are not taken for those of a record.
enum Checksum {
    static func of(_ bytes: [UInt8]) -> Int64 {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
            return Int64(crc32_z(0, base, bytes.count))
        }
    }
}
