import Foundation
import Sluice

/// The files that a command line names.
enum DefinitionFiles {
    struct File: Hashable {
        /// As it was named: that is how mistakes call it.
        var path: String
        /// Its folder as an absolute path, for the relative paths in it.
        var folder: String
    }

    /// Every file once, in the order named; those of a folder by name.
    static func list(_ paths: [String]) -> (files: [File], mistakes: [DefinitionMistake]) {
        var files: [File] = []
        var mistakes: [DefinitionMistake] = []
        var seen: Set<String> = []
        for path in paths {
            let found: [String]
            switch expand(path) {
            case .success(let list): found = list
            case .failure(let mistake):
                mistakes.append(mistake)
                continue
            }
            for path in found {
                let url = URL(filePath: path).standardizedFileURL
                guard seen.insert(url.path).inserted else { continue }
                files.append(File(path: path, folder: url.deletingLastPathComponent().path))
            }
        }
        return (files, mistakes)
    }

    private static func expand(_ path: String) -> Result<[String], DefinitionMistake> {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return .success([path])
        }
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            let definitions = names.filter { ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix(".") }
            if definitions.isEmpty {
                return .failure(
                    DefinitionMistake(
                        at: .wholeFile(path), "the folder has no definition",
                        expected: "expected files that end in .yaml or .yml"))
            }
            let folder = path.hasSuffix("/") ? path : path + "/"
            return .success(definitions.map { folder + $0 })
        } catch {
            return .failure(
                DefinitionMistake(
                    at: .wholeFile(path), "the folder cannot be read: \(error.localizedDescription)",
                    expected: "expected a folder that this user may read"))
        }
    }
}

/// Reads whole files of a bounded size; never waits for a pipe or a device.
enum RegularFile {
    struct Reason: Error {
        var problem: String
        var expected: String
    }

    static func read(_ path: String, limit: Int) -> Result<[UInt8], Reason> {
        let url = URL(filePath: path).resolvingSymlinksInPath()
        do {
            let type = try FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
            guard type == .typeRegular else {
                return .failure(Reason(problem: "it is not a file", expected: "expected a regular file"))
            }
            let file = try FileHandle(forReadingFrom: url)
            let data = try file.read(upToCount: limit + 1) ?? Data()
            try file.close()
            guard data.count <= limit else {
                return .failure(
                    Reason(
                        problem: "the file is larger than \(ByteCount(limit).definitionText)",
                        expected: "expected a smaller one"))
            }
            return .success(Array(data))
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
            return .failure(Reason(problem: "there is no such file", expected: "expected the path of a file"))
        } catch {
            return .failure(
                Reason(
                    problem: "the file cannot be read: \(error.localizedDescription)",
                    expected: "expected a file that this user may read"))
        }
    }
}
