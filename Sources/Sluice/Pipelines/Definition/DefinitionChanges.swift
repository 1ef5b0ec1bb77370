extension Definition {
    /// What another definition of the same pipeline sets otherwise, in the order of the reference, with the defaults
    /// on both sides. Secrets are masked; one that has changed shows that it has.
    package func changes(to other: Definition) -> [PipelineChange.Setting] {
        var secrets = secrets
        secrets.formUnion(other.secrets)
        let (old, new) = (values, other.values)
        let before = Dictionary(old.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first })
        let gone = old.map(\.path).filter { after[$0] == nil }
        var changes = (new.map(\.path) + gone).filter { before[$0] != after[$0] }.map { key in
            Self.change(key, before[key], after[key], secrets)
        }
        // Their values are not shown, so two that differ look alike.
        let isAlike = !changes.contains { $0.key == "deliver.headers" }
        if isAlike, pipeline.deliver.request.headers != other.pipeline.deliver.request.headers {
            let shown = after["deliver.headers"]
            changes.append(.init(key: "deliver.headers", old: shown, new: shown.map { "\($0) (another one)" }))
        }
        if pipeline.root != other.pipeline.root {
            changes.append(.init(key: "(its folder)", old: pipeline.root, new: other.pipeline.root))
        }
        return changes
    }

    private var values: [KeyValue] {
        DefinitionKeys.document.values(of: DefinitionKeys.Document(pipeline: pipeline))
    }

    private static func change(
        _ key: String, _ old: String?, _ new: String?, _ secrets: Secrets
    ) -> PipelineChange.Setting {
        let shown = (old.map { secrets.mask($0) }, new.map { secrets.mask($0) })
        let isHidden = old != nil && new != nil && shown.0 == shown.1
        return .init(key: key, old: shown.0, new: isHidden ? shown.1.map { "\($0) (another one)" } : shown.1)
    }
}
