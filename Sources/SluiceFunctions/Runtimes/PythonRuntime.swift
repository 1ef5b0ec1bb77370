import Foundation
import Sluice

/// `runtime: python3…`: the interpreter, and the client that ships in the binary.
enum PythonRuntime {
    /// Makes the client's file in `folder`, and says how it is run.
    /// - Throws: `ControlError.refused` when the folder cannot be written.
    static func command(_ runtime: String, code: String, folder: String) throws -> [String] {
        let client = try RuntimeFile.write("python_runtime.py", PackageResources.python_runtime_py, in: folder)
        // Without user site packages nothing of the host's leaks in; -u would make every print a write.
        // -B: no compiled modules are left in the code folder, as on Lambda, where it cannot be written to. Python knows
        // one of a former source by second and size alone, and an edit within a second may leave both as they were.
        return [interpreter(runtime, code: code), "-B", client]
    }

    /// A virtual environment beside the code comes first: it has what the handler imports.
    static func interpreter(_ runtime: String, code: String) -> String {
        let own = code + "/.venv/bin/python3"
        return FileManager.default.isExecutableFile(atPath: own) ? own : runtime
    }
}
