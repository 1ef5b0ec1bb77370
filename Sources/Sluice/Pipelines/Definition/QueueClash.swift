/// Queues of one name. Commands accept a FIFO queue's name without `.fifo`, so `orders` and `orders.fifo` clash too.
enum QueueClash {
    /// The queue of a pipeline that is called as its source's queue or that one's dead-letter queue.
    static func within(_ pipeline: Pipeline) -> String? {
        var seen: Set<String> = []
        return queues(of: pipeline).first { !seen.insert(QueueNames.bare($0)).inserted }
    }

    /// The first queue that both pipelines would have.
    static func between(_ first: Pipeline, _ second: Pipeline) -> String? {
        let taken = Set(queues(of: first).map(QueueNames.bare))
        return queues(of: second).first { taken.contains(QueueNames.bare($0)) }
    }

    private static func queues(of pipeline: Pipeline) -> [String] { pipeline.workQueues + pipeline.deadLetterQueues }
}

/// What has to hold between the pipelines that run together.
enum PipelineSetRules {
    /// - Returns: the mistakes, each at the later of two pipelines.
    static func check(_ definitions: [Definition]) -> [DefinitionMistake] {
        definitions.indices.flatMap { index in
            definitions[..<index].compactMap { clash(definitions[index], with: $0) }.prefix(1)
        }
    }

    private static func clash(_ second: Definition, with first: Definition) -> DefinitionMistake? {
        let (one, two) = (first.pipeline, second.pipeline)
        let other = first.marks.place(of: "pipeline")
        if first.knows("pipeline"), second.knows("pipeline"), one.name == two.name {
            return DefinitionMistake(
                at: second.marks.place(of: "pipeline"),
                "pipeline: \(Quoting.quote(two.name)) is the name of two pipelines (the other one: \(other))",
                expected: "expected each name once")
        }
        let named = ["source", "source.queue", "source.name", "pipeline", "deliver", "deliver.name"]
        guard named.allSatisfy({ first.knows($0) && second.knows($0) }) else { return nil }
        let source = two.source.queue.map(QueueNames.bare)
        if let source, source == one.source.queue.map(QueueNames.bare) {
            return DefinitionMistake(
                at: second.marks.place(of: "source.queue"),
                "source.queue: \(Quoting.quote(two.source.queue ?? source)) is also the source of '\(one.name)' (\(other))",
                expected: "expected one pipeline to each source queue")
        }
        guard let queue = QueueClash.between(one, two) else { return nil }
        let at = QueueNames.bare(queue) == source ? "source.queue" : "pipeline"
        return DefinitionMistake(
            at: second.marks.place(of: at),
            "the queue \(Quoting.quote(queue)) would belong to '\(two.name)' and to '\(one.name)' (\(other))",
            expected: "choose another name for a pipeline, a source's queue or a delivery")
    }
}
