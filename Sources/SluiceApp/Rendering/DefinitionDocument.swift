import Sluice

/// A definition as JSON, for `show` and `check`.
struct DefinitionDocument: Encodable {
    struct Setting: Encodable {
        var key: String
        var value: String
        /// Where it was written, or `default`, `Swift`; empty = it follows from the others.
        var place: String
        /// What the `${…}` in it stood for.
        var references: [String]?
    }

    /// What a sink said that was asked.
    struct Sink: Encodable {
        var delivery: String
        /// `nil` = it would take records.
        var problem: String?
    }

    var pipeline: String
    var settings: [Setting]?
    var sink: Sink?

    /// - Parameter explained: with every setting.
    init(_ definition: Definition, explained: Bool, sink: Sink? = nil) {
        pipeline = definition.pipeline.name
        self.sink = sink
        guard explained else { return }
        settings = definition.explanation.map {
            Setting(
                key: $0.key, value: $0.value, place: $0.origin.description,
                references: $0.references.isEmpty ? nil : $0.references)
        }
    }
}
