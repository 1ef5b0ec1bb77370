import Sluice
import SluiceConnectors
import SluiceEmbedded

/// Opens the objects of a pipeline's bucket where the embedded engine has their bytes, and reads them as the definition
/// says.
struct ObjectFiles: ObjectOpener {
    let engine: EmbeddedEngine
    let pipeline: Pipeline

    func open(_ object: ObjectVersion, at position: SourcePosition?) async throws -> any ObjectRecords {
        ObjectReading(path: try await engine.file(of: object), key: object.key, pipeline, from: position)
    }
}
