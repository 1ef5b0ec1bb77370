import GRDB
import Sluice

/// What the data folder knows of a pipeline, so that `status` can tell without its definition.
struct PipelineRecord: Codable, Hashable {
    var name: String
    /// The queues that records wait in, from intake on, with the step that receives from each.
    var stages: [Stage]
    var archiveKeep: Duration?
    /// The file of its definition, where it has one.
    var definition: String?

    struct Stage: Codable, Hashable {
        var queue: String
        var step: StepName
        /// Kept from one start to the next; a definition does not say it.
        var code: CodeVersion?
        /// The code whose start has failed, and for which the step paused itself: another one ends that pause.
        var brokenCode: String?
    }
}

extension StoreState {
    /// Notes which code a step runs from now on; the version before stays known.
    func note(version: String?, of step: StepName) throws {
        guard var record = pipelines[step.pipeline],
            let index = record.stages.firstIndex(where: { $0.step == step }),
            record.stages[index].code?.version != version
        else { return }
        let former = record.stages[index].code?.version
        record.stages[index].code = version.map { CodeVersion(version: $0, since: now, former: former) }
        try put(record)
        guard let version else { return }
        let since = now.milliseconds
        execute {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO code_version VALUES (?, ?, ?)",
                arguments: [step.description, since, version])
        }
    }

    /// From the first to the present one.
    func codeVersions(of step: StepName) throws -> [CodeVersion] {
        try database.read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT since, version FROM code_version WHERE step = ? ORDER BY since",
                arguments: [step.description])
            var former: String?
            return try rows.map { row in
                let version: String = try row.decode(forColumn: "version")
                defer { former = version }
                return CodeVersion(
                    version: version, since: try Timestamp(stored: row.decode(forColumn: "since")), former: former)
            }
        }
    }

    /// - Parameter file: `nil` = it was built in Swift.
    func note(definition file: String?, of pipeline: String) throws {
        guard var record = pipelines[pipeline], record.definition != file else { return }
        record.definition = file
        try put(record)
    }

    func note(brokenCode: String?, of step: StepName) throws {
        guard var record = pipelines[step.pipeline],
            let index = record.stages.firstIndex(where: { $0.step == step }),
            record.stages[index].brokenCode != brokenCode
        else { return }
        record.stages[index].brokenCode = brokenCode
        try put(record)
    }

    func put(_ record: PipelineRecord) throws {
        pipelines[record.name] = record
        let json = try Self.json(record)
        execute {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO pipeline VALUES (?, ?)", arguments: [record.name, json])
        }
    }
}

/// A step that somebody, or the step itself, has paused.
struct PauseRecord: Hashable {
    var since: Timestamp
    var reason: String?
}
