import Sluice

enum DefinitionReader {
    struct Result { var pipelines: [Pipeline] = []; var mistakes: [String] = []; var warnings: [String] = [] }
    static func read(files: [String], environment: [String: String], secrets: Bool) -> Result {
        Result(mistakes: ["this build reads no definitions"])
    }
}
