import Foundation
import Sluice

/// The folder of a function's code: what its version is a hash of, and what `--watch` looks at. Data and caches, which
/// often lie beside code, do not belong to it.
package struct CodeFolder {
    package let path: String

    /// Folders that are not code, or follow from it.
    private static let left: Set<String> = [".git", "__pycache__", ".venv", "venv", ".sluice"]
    /// What lies beside code where the definition's own folder is the code folder: data, and what is made of it; and
    /// what editors put beside the file that is being edited.
    private static let leftSuffixes = [
        ".db", ".db-wal", ".db-shm", ".db-journal", ".jsonl", ".csv", ".log", ".pyc", "~", ".swp", ".swo", ".swx",
        ".kate-swp", "___jb_tmp___", "___jb_old___",
    ]
    /// More files than this are not code.
    private static let mostFiles = 20_000

    package init(_ path: String) { self.path = path }

    /// Whether a file or folder of this name, without its path, belongs to code.
    package static func holds(_ name: String) -> Bool {
        // Vim tries with a file of this number whether it can write.
        if left.contains(name) || name == "4913" || name.hasPrefix(".#") { return false }
        return !leftSuffixes.contains(where: name.hasSuffix)
    }

    /// What is in it, at any depth, by relative path, sorted.
    /// - Throws: `ControlError.refused` when it cannot be read, or holds more than code does.
    package func contents() throws -> (files: [String], folders: [String]) {
        guard let names = FileManager.default.enumerator(atPath: path) else {
            throw ControlError.refused("the code folder '\(path)' cannot be read")
        }
        var (files, folders): ([String], [String]) = ([], [])
        for case let name as String in names {
            let isFolder = names.fileAttributes?[.type] as? FileAttributeType == .typeDirectory
            let isLeft = !Self.holds(String(name.split(separator: "/").last ?? ""))
            if isFolder, isLeft || isDataFolder(name) {
                names.skipDescendants()
                continue
            }
            if isLeft { continue }
            if isFolder { folders.append(name) } else { files.append(name) }
            guard files.count + folders.count <= Self.mostFiles else {
                throw ControlError.refused(
                    "the code folder '\(path)' has more than \(Self.mostFiles) files; give the function a folder of its "
                        + "own")
            }
        }
        return (files.sorted(), folders.sorted())
    }

    /// One of ours, whatever it is called: it changes with every record.
    private func isDataFolder(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(name)/store.db")
    }
}
