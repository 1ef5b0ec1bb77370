import Foundation
import Sluice

/// A client of the Runtime API that ships in the binary and has to be a file for its interpreter.
enum RuntimeFile {
    /// - Returns: its path.
    /// - Throws: `ControlError.refused` when the folder cannot be written.
    static func write(_ name: String, _ bytes: [UInt8], in folder: String) throws -> String {
        let path = folder + "/" + name
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        } catch {
            throw ControlError.refused("cannot write '\(path)': \(error.localizedDescription)")
        }
        return path
    }
}
