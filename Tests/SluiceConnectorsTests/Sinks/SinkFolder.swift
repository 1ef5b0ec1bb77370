import Foundation
import GRDB
import Logging
import Sluice
import SluiceTesting

@testable import SluiceConnectors

/// A folder with a database in it, removed with the last reference to it.
final class SinkFolder: RecordSinkPlace {
    let folder: String
    let deliver: Deliver
    var path: String { "\(folder)/shop.db" }

    init(
        table: String = "orders", key: [String] = [], mode: Deliver.Mode? = nil, newerBy: String? = nil,
        create: Bool = true, columns: [Deliver.Column] = [], unknown: Deliver.UnknownField? = nil
    ) throws {
        folder = "\(NSTemporaryDirectory())sluice-sink-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        deliver = Deliver(
            name: "shop", to: .sqlite("shop.db"), table: table, key: key, mode: mode, newerBy: newerBy,
            create: create, columns: columns,
            unknown: unknown)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: folder) } catch { return }  // it is temporary anyway
    }

    func sink() throws -> any RecordSink {
        try SinkCatalogue.make(deliver, pipeline: "orders", folder: "folder-1", root: folder, logger: .silent)
    }

    let refusedBody = Bytes(#"{"n":1"#)
    let knowsRepeatedRecords = true

    func storedNumbers() throws -> [Int] {
        guard try texts("SELECT 1 FROM sqlite_schema WHERE name = '\(deliver.table ?? "")'") != [] else { return [] }
        return try texts("SELECT n FROM \"\(deliver.table ?? "")\" ORDER BY rowid").compactMap { Int($0) }
    }

    /// Another connection to the database.
    func connection() throws -> DatabaseQueue { try DatabaseQueue(path: path) }

    func execute(_ sql: String) throws { try connection().writeWithoutTransaction { try $0.execute(sql: sql) } }

    /// The first column of each row as text.
    func texts(_ sql: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try connection().read { try String.fetchAll($0, sql: sql) }
    }

    /// Each row, each value with its storage class: `i:1`, `r:0.5`, `t:text`, `null`.
    func rows(_ sql: String = "SELECT * FROM orders") throws -> [String] {
        try connection().read { database in
            try Row.fetchAll(database, sql: sql).map { row in
                row.databaseValues.map(Self.described).joined(separator: " ")
            }
        }
    }

    private static func described(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "null"
        case .int64(let value): "i:\(value)"
        case .double(let value): "r:\(value)"
        case .string(let value): "t:\(value)"
        case .blob: "blob"
        }
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A record as a delivery hands it over; its identity is its number in the test.
func record(_ body: String, identity: String = UUID().uuidString, name: String? = nil) -> SinkRecord {
    SinkRecord(
        identity: RecordIdentity(identity), name: name, body: Bytes(body), received: Timestamp(milliseconds: 0))
}

extension RecordSink {
    @discardableResult
    func write(_ bodies: String...) async throws(SinkError) -> [SinkEffect] {
        try await write(bodies.map { record($0) })
    }

    @discardableResult
    func write(_ records: SinkRecord...) async throws(SinkError) -> [SinkEffect] { try await write(records) }

    /// The type and the reason with which the one record that is written is refused; `nil` = it was not.
    func refusal(of body: String) async -> (type: String, reason: String)? {
        do throws(SinkError) {
            try await write(body)
            return nil
        } catch {
            guard case .rejected(let rejections) = error, rejections.count == 1, rejections[0].index == 0 else {
                return ("\(error)", "")
            }
            return (rejections[0].type, rejections[0].reason)
        }
    }

    /// Which of the records, by place, are refused, and with which type; nothing if they are written.
    func refusals(of bodies: String...) async throws(SinkError) -> [String] {
        do throws(SinkError) {
            _ = try await write(bodies.map { record($0) })
            return []
        } catch {
            guard case .rejected(let rejections) = error else { throw error }
            return rejections.map { "\($0.index) \($0.type)" }
        }
    }

    /// The type of the error that the sink answers with instead of `.unavailable`'s; `nil` = it wrote.
    func unavailability(writing body: String = #"{"n":1}"#) async -> (type: String, reason: String)? {
        do throws(SinkError) {
            try await write(body)
            return nil
        } catch {
            guard case .unavailable(let reason, let type) = error else { return ("\(error)", "") }
            return (type, reason)
        }
    }
}
