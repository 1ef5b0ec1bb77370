import Foundation
import Testing

@testable import SluiceEmbedded

/// A data folder with logs in it and nothing else, which goes with the test.
final class LogTestFolder: Sendable {
    let path = TemporaryEngine.parent + "/sluice-logs-" + UUID().uuidString

    init() {
        do { try make("") } catch { Issue.record(error) }
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }

    func make(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    func makeFile(_ name: String) throws { try Data("in the way".utf8).write(to: URL(filePath: path + "/" + name)) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    func files(_ pipeline: String) throws -> [LogFileName] { try LogFolder.files(in: path + "/logs/" + pipeline) }

    func paths(_ pipeline: String) throws -> [String] {
        try files(pipeline).map { "\(path)/logs/\(pipeline)/\($0.text)" }
    }

    /// Of the file that was begun last; empty before the first.
    func lastText(_ pipeline: String) throws -> String {
        try paths(pipeline).last.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    }

    func size(of path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    /// Waits until the writer's thread has done something: it tells nobody.
    func wait(until condition: (LogTestFolder) throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try !condition(self) {
            try #require(ContinuousClock.now < deadline, "it never came about")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Lets a writer look at the folder once.
    static func runOnce(_ writer: LogWriter) async {
        do { try await Task.sleep(for: .milliseconds(1_200)) } catch { return }
        await writer.close()
    }
}
