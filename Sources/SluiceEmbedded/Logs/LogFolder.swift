import Foundation
import Sluice

/// Where the logs of a data folder are: `logs/PIPELINE/…`.
enum LogFolder {
    static func root(of dataFolder: String) -> String { dataFolder + "/logs" }
    static func path(of pipeline: String, in root: String) -> String { "\(root)/\(pipeline)" }

    /// The pipelines that have a log, in order.
    static func pipelines(in root: String) throws -> [String] {
        try names(in: root).filter { isDirectory(path(of: $0, in: root)) }.sorted()
    }

    /// The files of a pipeline's log, in the order in which they were written.
    static func files(in folder: String) throws -> [LogFileName] {
        try names(in: folder).compactMap(LogFileName.init).sorted()
    }

    /// Empty where there is no such folder.
    private static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return []
        } catch let error as CocoaError where error.code == .fileReadNoPermission {
            throw ControlError.forbidden("no permission for the folder '\(folder)'")
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
