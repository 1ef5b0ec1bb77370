import Foundation
package import Sluice

/// The code that functions of a data folder have run, by version, so that what a record was made with can be run again:
///
///     code/VERSION/function.json    the settings that belong to the version
///     code/VERSION/files/…          a copy of the code folder, or the jq program
///
/// Each version once, whichever pipelines run it. A virtual environment beside the code is not copied, and found by a
/// link: it is large, and follows from what is there.
package struct KeptCode {
    private let path: String

    /// More than this is no code that is worth keeping.
    private static let mostBytes = 100 << 20

    package init(folder: String) { path = folder + "/code" }

    private struct Settings: Codable {
        var handler: String?
        var runtime: String?
        var command: [String]
        var isJQ: Bool
    }

    private func place(of version: String) -> String { "\(path)/\(version)" }

    /// - Parameter code: the folder of the code; of a jq program it is not looked at.
    /// - Returns: why it is not kept; `nil` = it is.
    /// - Throws: when it cannot be written.
    package func keep(_ version: String, _ transform: Transform, of pipeline: Pipeline) throws -> String? {
        let files = FileManager.default
        if case .swift = transform.kind { return "a Swift function is part of the program" }
        if files.fileExists(atPath: place(of: version)) { return nil }
        let partial = "\(path)/.partial-\(getpid())-\(version)"
        if files.fileExists(atPath: partial) { try files.removeItem(atPath: partial) }
        try files.createDirectory(
            atPath: "\(partial)/files", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var settings = Settings(
            handler: transform.handler, runtime: transform.runtime, command: transform.command, isJQ: false)
        if case .jq(let jq) = transform.kind {
            settings.isJQ = true
            try Data(JQSource(jq, of: pipeline).read().utf8).write(to: URL(filePath: "\(partial)/files/program.jq"))
        } else if try !copy(pipeline.codeFolder ?? ".", to: "\(partial)/files") {
            try files.removeItem(atPath: partial)
            return "its folder has more than \(Self.mostBytes >> 20) MB"
        }
        try JSONEncoder().encode(settings).write(to: URL(filePath: "\(partial)/function.json"))
        try files.moveItem(atPath: partial, toPath: place(of: version))
        return nil
    }

    /// - Returns: false = it is too large.
    private func copy(_ code: String, to target: String) throws -> Bool {
        let files = FileManager.default
        let contents = try CodeFolder(code).contents()
        var bytes = 0
        for name in contents.files {
            bytes += try files.attributesOfItem(atPath: "\(code)/\(name)")[.size] as? Int ?? 0
            if bytes > Self.mostBytes { return false }
        }
        for name in contents.folders {
            try files.createDirectory(atPath: "\(target)/\(name)", withIntermediateDirectories: true)
        }
        for name in contents.files {
            // What a link leads to may be gone by then.
            let source = URL(filePath: "\(code)/\(name)").resolvingSymlinksInPath().path
            try files.copyItem(atPath: source, toPath: "\(target)/\(name)")
        }
        if files.fileExists(atPath: "\(code)/.venv") {
            try files.createSymbolicLink(atPath: "\(target)/.venv", withDestinationPath: "\(code)/.venv")
        }
        return true
    }

    /// The pipeline as it was with the code of that version; `nil` = it is not kept.
    package func pipeline(_ pipeline: Pipeline, running version: String) throws -> Pipeline? {
        guard var transform = pipeline.transform,
            FileManager.default.fileExists(atPath: "\(place(of: version))/function.json")
        else { return nil }
        let data = try Data(contentsOf: URL(filePath: "\(place(of: version))/function.json"))
        let settings = try JSONDecoder().decode(Settings.self, from: data)
        let code = "\(place(of: version))/files"
        transform.function = nil
        transform.handler = settings.handler
        transform.runtime = settings.runtime
        transform.command = settings.command
        transform.jq = settings.isJQ ? "\(code)/program.jq" : nil
        transform.code = settings.isJQ ? nil : code
        var former = pipeline
        former.transform = transform
        return former
    }
}
