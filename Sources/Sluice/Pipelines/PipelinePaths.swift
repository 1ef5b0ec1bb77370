import Foundation

extension Pipeline {
    /// `path` of the definition as a path of this machine: relative to the definition's folder, never to wherever
    /// a command was started.
    public func resolved(_ path: String) -> String {
        guard !path.hasPrefix("/"), let root else { return path }
        return URL(filePath: root, directoryHint: .isDirectory).appending(path: path).standardizedFileURL.path
    }

    /// The folder of the transform's code: the one it names, or the definition's own. `nil` = the working directory.
    public var codeFolder: String? {
        transform?.code.map(resolved) ?? root
    }
}
