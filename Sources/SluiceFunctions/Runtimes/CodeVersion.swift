import Foundation
package import Sluice

/// Which code a function runs: a hash of its folder, without data and caches, so that a failure names it.
package enum CodeVersion {
    /// The version of a program that is all of the code.
    package static func of(program: String) -> String {
        var hash = FNV()
        hash.add(Array(program.utf8))
        return hash.text
    }

    /// Ten hex digits. The same for the same names, contents and settings.
    /// - Throws: `ControlError.refused` when the folder cannot be read.
    package static func of(folder: String, running transform: Transform) throws -> String {
        var hash = FNV()
        let settings: [String?] = [transform.handler, transform.runtime] + transform.command
        for setting in settings { hash.add(Array((setting ?? "").utf8)) }
        for name in try CodeFolder(folder).contents().files {
            try hash.add(file: folder + "/" + name, called: name)
        }
        return hash.text
    }
}

/// FNV-1a, 64 bits: it tells versions apart and proves nothing.
private struct FNV {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: [UInt8]) {
        addPart(bytes)
        end(bytes.count)
    }

    /// Its name and what is in it, a piece at a time: a model that lies beside code may be large. One that cannot be read
    /// is none that runs.
    mutating func add(file path: String, called name: String) throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        add(Array(name.utf8))
        var count = 0
        while let part = try file.read(upToCount: Self.piece), !part.isEmpty {
            addPart(part)
            count += part.count
        }
        end(count)
        try file.close()
    }

    private static let piece = 256 << 10

    private mutating func addPart(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// Where one ends and the next begins counts too.
    private mutating func end(_ count: Int) { value = (value ^ UInt64(count)) &* 0x100_0000_01B3 }

    var text: String { String(String(value, radix: 16).suffix(10)) }
}
