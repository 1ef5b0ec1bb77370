import Sluice

/// What the data folder knows of a pipeline, so that `status` can tell without its definition.
struct PipelineRecord: Codable, Hashable {
    var name: String
    /// The queues that records wait in, from intake on, with the step that receives from each.
    var stages: [Stage]
    var archiveKeep: Duration?

    struct Stage: Codable, Hashable {
        var queue: String
        var step: StepName
    }
}

/// A step that somebody, or the step itself, has paused.
struct PauseRecord: Hashable {
    var since: Timestamp
    var reason: String?
}
