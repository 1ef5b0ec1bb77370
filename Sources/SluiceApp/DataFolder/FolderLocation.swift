import Foundation
import Sluice

/// The folder in which everything is kept, and how it was found.
struct FolderLocation: Sendable, Equatable {
    var path: String
    /// True when nobody named it and there is none yet: the command says on stderr that it makes one.
    var isNew: Bool

    static let name = ".sluice"

    /// `--data`, else `SLUICE_DATA`, else systemd's `STATE_DIRECTORY`, else the nearest `.sluice` in or above the
    /// working directory, else a new `.sluice` in it.
    /// - Parameter mayCreate: `run` and `send` make a folder; all others need one that is there.
    /// - Throws: `CommandFailure` (64) when there is none.
    static func find(
        flag: String?, environment: [String: String], workingDirectory: String, mayCreate: Bool,
        exists: (String) -> Bool = FolderLocation.isDirectory
    ) throws -> FolderLocation {
        if let named = named(flag: flag, environment: environment) {
            let path = absolute(named.path, in: workingDirectory)
            guard mayCreate || exists(path) else {
                throw CommandFailure(
                    .usage, "there is no data folder '\(path)' (from \(named.origin)); `run` and `send` make one")
            }
            return FolderLocation(path: path, isNew: false)
        }
        if let nearest = nearest(in: workingDirectory, exists: exists) {
            return FolderLocation(path: nearest, isNew: false)
        }
        guard mayCreate else {
            throw CommandFailure(
                .usage,
                "there is no data folder (\(name)) in or above '\(workingDirectory)'; name one with --data DIR, "
                    + "or start with `run` or `send`, which make one")
        }
        return FolderLocation(path: join(workingDirectory, name), isNew: true)
    }

    private static func named(
        flag: String?, environment: [String: String]
    ) -> (path: String, origin: String)? {
        if let flag { return (flag, "--data") }
        if let path = environment["SLUICE_DATA"], !path.isEmpty { return (path, "SLUICE_DATA") }
        // systemd separates several with a colon; the first is the unit's own.
        if let path = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            return (String(path), "STATE_DIRECTORY")
        }
        return nil
    }

    private static func nearest(in workingDirectory: String, exists: (String) -> Bool) -> String? {
        var folder = workingDirectory
        while true {
            let candidate = join(folder, name)
            if exists(candidate) { return candidate }
            guard folder != "/", let slash = folder.lastIndex(of: "/") else { return nil }
            folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
        }
    }

    static func absolute(_ path: String, in workingDirectory: String) -> String {
        path.hasPrefix("/") ? path : join(workingDirectory, path)
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    static func isDirectory(_ path: String) -> Bool {
        var isDirectory = ObjCBool(false)
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
