import Foundation
package import Logging
package import Sluice

/// Every kind of sink there is, in one place.
package enum SinkCatalogue {
    /// What a definition says of its sink and cannot mean.
    package struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
        /// The key it is about, as a definition names it: `deliver.columns.amount`.
        package let key: String
        /// What is wrong, what was expected, what to write instead.
        package let message: String

        package var description: String { "\(key): \(message)" }
    }

    /// Makes the sink of a delivery. Opens nothing: the first `write` or `probe` does.
    /// - Parameters:
    ///   - pipeline: its name; with `folder` and the delivery's name it keeps records of several pipelines apart
    ///     that write to one database.
    ///   - folder: the id of the data folder the records come from.
    ///   - root: the folder that a relative path is relative to; `nil` = the working directory.
    /// - Throws: `Mistake`.
    package static func make(
        _ deliver: Deliver, pipeline: String, folder: String, root: String?, logger: Logger
    ) throws(Mistake) -> any RecordSink {
        switch deliver.to {
        case .sqlite(let path):
            try SQLiteSink(
                deliver, path: absolute(path, root: root ?? FileManager.default.currentDirectoryPath),
                folder: folder, pipeline: pipeline, logger: logger)
        case .postgres(let url):
            try PostgreSQLSink(deliver, url: url, folder: folder, pipeline: pipeline, logger: logger)
        case .http(let url):
            try HTTPSink(deliver, url: url, environment: ProcessInfo.processInfo.environment, logger: logger)
        }
    }

    private static func absolute(_ path: String, root: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        let base = root.hasPrefix("/") ? root : "\(FileManager.default.currentDirectoryPath)/\(root)"
        return URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: base, isDirectory: true)).path
    }
}
