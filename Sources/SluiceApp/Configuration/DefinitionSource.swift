import Foundation
import Sluice

/// Where the definitions of a command come from, so that they can be read, and read again.
struct DefinitionSource: Sendable {
    /// As they were named: definitions, or folders of them. None = the pipelines of the app.
    var files: [String]
    /// The pipelines that are written in Swift.
    var own: [Pipeline]
    var reader: DefinitionReader

    func read() async -> DefinitionResult { await reader.readAndCheck(files, with: files.isEmpty ? own : []) }

    /// The same with other files.
    func with(files: [String]) -> DefinitionSource {
        var copy = self
        copy.files = files
        return copy
    }

    /// The folders that the definitions lie in.
    var folders: [String] {
        files.map { path in
            let url = URL(filePath: path).standardizedFileURL
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            return exists && isFolder.boolValue ? url.path : url.deletingLastPathComponent().path
        }
    }
}
