import Foundation
package import Sluice

/// Where the program of a `jq:` is written.
package enum JQSource: Hashable, Sendable {
    /// In the definition itself.
    case inline(String)
    /// In a file, by its path on this machine.
    case file(String)

    /// The most bytes of a program: it is handed to its process in one variable.
    private static let longest = 65_536

    /// - Parameters:
    ///   - jq: as the definition has it. One word that ends in `.jq` names a file, unless it begins as a program does:
    ///     `.jq` is a field.
    ///   - pipeline: what a path is relative to.
    package init(_ jq: String, of pipeline: Pipeline) {
        let isPath = jq.wholeMatch(of: /(?:\.{0,2}\/|[A-Za-z0-9_])[A-Za-z0-9_.\/-]*\.jq/) != nil
        self = isPath ? .file(pipeline.resolved(jq)) : .inline(jq)
    }

    /// The path of its file; `nil` = it has none.
    package var path: String? {
        if case .file(let path) = self { path } else { nil }
    }

    /// The program.
    /// - Throws: `ControlError.refused` when its file cannot be read, or is none.
    package func read() throws -> String {
        switch self {
        case .inline(let program): program
        case .file(let path): try Self.read(path)
        }
    }

    private static func read(_ path: String) throws -> String {
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let data = try file.read(upToCount: longest + 1) ?? Data()
            try file.close()
            guard data.count <= longest else {
                throw ControlError.refused("the jq program '\(path)' has more than \(longest) bytes")
            }
            guard let program = String(bytes: data, encoding: .utf8), !program.utf8.contains(0) else {
                throw ControlError.refused("the jq program '\(path)' is not text in UTF-8")
            }
            return program
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError.refused("cannot read the jq program '\(path)': \(error.localizedDescription)")
        }
    }
}
