import Logging
import Sluice

/// Puts the embedded engine, the connectors and the steps together: the only file of the commands that knows them.
struct EmbeddedAssembly: EngineAssembly {
    func open(folder: String, create: Bool, clockRate: Int, logger: Logger) async throws -> any OpenEngine {
        throw ControlError.failed("this build has no engine")
    }

    func check(folder: String, logger: Logger) async throws -> [String] {
        throw ControlError.failed("this build has no engine")
    }
}
