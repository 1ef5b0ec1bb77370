/// What has to hold across keys, and what surely was not meant.
enum PipelineRules {
    @Sendable static func check(_ document: DefinitionKeys.Document, _ check: inout DefinitionCheck) {
        let pipeline = document.pipeline
        for part in pipeline.repeatedParts {
            check.report("\(part) is given more than once", expected: "expected one")
        }
        checkQueueType(pipeline, &check)
        checkOwnQueues(pipeline, &check)
        warnAboutOrder(pipeline, &check)
        warnAboutArchive(pipeline, &check)
        warnAboutVisibility(pipeline, &check)
    }

    private static func checkQueueType(_ pipeline: Pipeline, _ check: inout DefinitionCheck) {
        guard check.knows("source", "source.queue", "queue.type"), pipeline.queue.type == .standard else { return }
        guard let name = pipeline.source.queue, name.hasSuffix(QueueNames.fifoSuffix) else { return }
        check.report(
            "source.queue: \(Quoting.quote(name)) is the name of a FIFO queue, and the pipeline's queues are standard",
            expected: "write 'type: fifo' under 'queue', or leave '\(QueueNames.fifoSuffix)' out", at: "source.queue")
    }

    /// A pipeline's own queues must have different names.
    private static func checkOwnQueues(_ pipeline: Pipeline, _ check: inout DefinitionCheck) {
        guard check.knows("source", "source.queue", "source.name", "pipeline", "deliver", "deliver.name"),
            !pipeline.name.isEmpty, let clash = QueueClash.within(pipeline)
        else { return }
        if pipeline.source.kind == .queue {
            check.report(
                "source.queue: \(Quoting.quote(clash)) is also the name of a queue that this pipeline makes",
                expected: "choose another name for the source's queue", at: "source.queue")
        } else {
            check.report(
                "two queues of this pipeline would be called \(Quoting.quote(clash))",
                expected: "choose another name for the source or the delivery", at: "source")
        }
    }

    /// Where a definition breaks an order it asks for.
    private static func warnAboutOrder(_ pipeline: Pipeline, _ check: inout DefinitionCheck) {
        guard check.knows("queue", "queue.type", "queue.group") else { return }
        switch (pipeline.queue.type, pipeline.queue.group) {
        case (.fifo, nil) where pipeline.source.kind == .bucket && check.knows("source", "source.bucket"):
            check.report(
                "queue.type is fifo, and queue.group says nothing: the records of objects have no other group",
                expected: "write 'group: $.…', a path to what is kept in order", at: "queue.type")
        case (.fifo, nil):
            check.warn(
                "queue.type is fifo, and queue.group says nothing: a record that is sent without a MessageGroupId goes "
                    + "to the dead-letter queue",
                expected: "write 'group: $.…', a path to what is kept in order", at: "queue.type")
        case (.standard, .some) where !check.isGiven("queue.type") && !check.marks.isEmpty:
            check.warn(
                "queue.group keeps no order in a standard queue: it only gives each group a fair share",
                expected: "write 'type: fifo' for order, or 'type: standard' if a fair share is meant",
                at: "queue.group")
        default: break
        }
    }

    private static func warnAboutArchive(_ pipeline: Pipeline, _ check: inout DefinitionCheck) {
        guard let archive = pipeline.archive, check.knows("archive", "archive.keep", "dead_letters.keep"),
            archive.keep < pipeline.deadLetters.keep
        else { return }
        let (raw, dead) = (archive.keep.definitionText, pipeline.deadLetters.keep.definitionText)
        check.warn(
            "archive.keep is \(raw), shorter than dead_letters.keep, \(dead): the oldest dead letters have no raw copy",
            expected: "write 'keep: \(dead)' under 'archive'",
            at: check.isGiven("archive.keep") ? "archive.keep" : "dead_letters.keep")
    }

    private static func warnAboutVisibility(_ pipeline: Pipeline, _ check: inout DefinitionCheck) {
        guard check.knows("queue", "queue.visibility_timeout", "transform", "transform.timeout") else { return }
        if let transform = pipeline.transform, let hidden = pipeline.intakeSettings.visibilityTimeout {
            warn(hidden, shorterThan: transform.timeout, "transform", pipeline, &check)
        }
        guard check.knows("deliver", "deliver.queue", "deliver.queue.visibility_timeout", "deliver.timeout"),
            let hidden = pipeline.deliverySettings.visibilityTimeout
        else { return }
        warn(hidden, shorterThan: pipeline.deliver.timeout, "deliver", pipeline, &check)
    }

    private static func warn(
        _ hidden: Duration, shorterThan timeout: Duration, _ step: String, _ pipeline: Pipeline,
        _ check: inout DefinitionCheck
    ) {
        guard hidden < timeout else { return }
        let inOrder = pipeline.queue.type == .fifo ? ", and those behind it in its group pass it" : ""
        check.warn(
            "visibility_timeout is \(hidden.definitionText), shorter than \(step).timeout, \(timeout.definitionText): "
                + "a record may be received again while the first try still runs\(inOrder)",
            expected: "write 'visibility_timeout: auto', or a longer one",
            at: check.isGiven("\(step).queue.visibility_timeout")
                ? "\(step).queue.visibility_timeout" : "queue.visibility_timeout")
    }

    @Sendable static func checkDelivery(_ deliver: Deliver, _ check: inout DefinitionCheck) {
        guard deliver.to.hasTable else { return }
        checkMode(deliver, &check)
        let names = deliver.key.map { $0.lowercased() }
        for name in Set(names).sorted() where !name.isEmpty && names.count(where: { $0 == name }) > 1 {
            check.report(
                "\(check.path).key names the column \(Quoting.quote(name)) twice",
                expected: "expected each column once",
                at: "key")
        }
        if let table = deliver.table, table.lowercased().hasPrefix("sqlite_") {
            check.report(
                "\(check.path).table: \(Quoting.quote(table)) is a name that SQLite keeps for itself",
                expected: "expected a name that does not begin with 'sqlite_'", at: "table")
        }
    }

    private static func checkMode(_ deliver: Deliver, _ check: inout DefinitionCheck) {
        checkNewerBy(deliver, &check)
        guard check.knows("key", "mode"), deliver.mode == .upsert, deliver.key.isEmpty else { return }
        check.report(
            "\(check.path).mode: 'upsert' needs a key",
            expected: "write 'key: [COLUMN]', or leave 'mode' out", at: "mode")
    }

    private static func checkNewerBy(_ deliver: Deliver, _ check: inout DefinitionCheck) {
        guard check.knows("key", "mode", "newer_by"), let column = deliver.newerBy else { return }
        if deliver.effectiveMode != .upsert {
            check.report(
                "\(check.path).newer_by: only an upsert overwrites a row, and this delivery makes none",
                expected: "write 'key: [COLUMN]' and 'mode: upsert', or leave 'newer_by' out", at: "newer_by")
        } else if deliver.key.contains(where: { $0.lowercased() == column.lowercased() }) {
            check.report(
                "\(check.path).newer_by: the column \(Quoting.quote(column)) is part of the key, so it is the same in both",
                expected: "expected another column", at: "newer_by")
        }
    }

    @Sendable static func checkBackoff(_ backoff: Backoff, _ check: inout DefinitionCheck) {
        guard check.knows("first", "max"), backoff.first > backoff.max else { return }
        check.report(
            "\(check.path).first is \(backoff.first.definitionText), longer than max, \(backoff.max.definitionText)",
            expected: "expected first to be at most max", at: check.isGiven("first") ? "first" : "max")
    }
}
