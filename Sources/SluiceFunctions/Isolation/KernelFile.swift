import Foundation
import Sluice
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files and folders that are the kernel's answers and switches: read whole, written with one call, never made.
enum KernelFile {
    /// - Throws: `ControlError.failed`, naming the file.
    static func read(_ path: String) throws -> String {
        do {
            let file = try SystemPackage.FileDescriptor.open(path, .readOnly)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var part = [UInt8](repeating: 0, count: 4_096)
                while case let count = try part.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                    bytes += part.prefix(count)
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            throw ControlError.failed("cannot read '\(path)': \(error)")
        }
    }

    /// - Throws: `ControlError.failed`, naming the file.
    static func write(_ text: String, to path: String) throws {
        do {
            let file = try SystemPackage.FileDescriptor.open(path, .writeOnly)
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
        } catch {
            throw ControlError.failed("cannot write '\(text)' to '\(path)': \(error)")
        }
    }

    /// - Throws: `ControlError.failed`, naming the folder. One that is there already is not an error.
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) != 0, errno != EEXIST else { return }
        throw ControlError.failed("cannot make '\(path)': \(Errno(rawValue: errno))")
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Why this process may not write there; `nil` = it may.
    static func writeObstacle(_ path: String) -> String? {
        access(path, W_OK) == 0 ? nil : "\(Errno(rawValue: errno))"
    }

    /// The folders in a folder, by name; none when it is not there.
    static func folders(in path: String) -> [String] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch { return [] }
        return names.filter { name in
            var status = stat()
            return lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }
    }
}
