/// Where a record names a person, and how the value is written before it is compared.
public struct SubjectPath: Hashable, Sendable {
    public enum Normalisation: String, Hashable, Sendable, Codable, CaseIterable { case trim, lower }

    public var paths: [RecordPath]
    public var normalise: [Normalisation]

    public init(_ paths: [RecordPath], normalise: [Normalisation] = []) {
        self.paths = paths
        self.normalise = normalise
    }
}
