import Foundation
import Subprocess
import SystemPackage

/// The file that a handler's module is in. Whether the function is in it only running it can tell.
package struct HandlerModule: Sendable {
    private let handler: String
    private let runtime: String
    private let code: String

    /// - Parameters:
    ///   - handler: `module.function`; the module may be in a folder.
    ///   - runtime: one that there is.
    ///   - code: the folder of the code.
    package init(_ handler: String, runtime: String, code: String) {
        self.handler = handler
        self.runtime = runtime
        self.code = code
    }

    /// - Returns: what was looked for in vain; `nil` = it is there.
    package func missing() async -> String? {
        let candidates = candidates
        if candidates.contains(where: { FileManager.default.fileExists(atPath: "\(code)/\($0)") }) { return nil }
        if runtime.hasPrefix("python"), await pythonHasModule() { return nil }
        let names = candidates.map { "'\($0)'" }
        return names.count > 2
            ? names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
            : names.joined(separator: " or ")
    }

    /// Relative to the code folder.
    private var candidates: [String] {
        guard runtime.hasPrefix("python") else {
            let slash = handler.lastIndex(of: "/").map { handler.index(after: $0) } ?? handler.startIndex
            let file = handler[slash...].prefix { $0 != "." }
            return [".js", ".mjs", ".cjs"].map { handler[..<slash] + file + $0 }
        }
        let module = pythonModule.replacing(".", with: "/")
        return ["\(module).py", "\(module)/__init__.py"]
    }

    private var pythonModule: String {
        let end = handler.lastIndex(of: ".") ?? handler.endIndex
        return String(handler[..<end].replacing("/", with: "."))
    }

    /// A module may be installed, compiled, or where PYTHONPATH says. To find the outermost package runs none of its
    /// code.
    private func pythonHasModule() async -> Bool {
        let program = PythonRuntime.interpreter(runtime, code: code)
        let package = pythonModule.prefix { $0 != "." }
        let search =
            "import sys, importlib.util; sys.path[0] = sys.argv[1]; sys.exit(not importlib.util.find_spec(sys.argv[2]))"
        do {
            let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
            let result = try await Subprocess.run(
                executable, arguments: ["-B", "-c", search, code, String(package)], input: .none,
                output: .discarded, error: .discarded)
            return result.terminationStatus.isSuccess
        } catch {
            // Whether there is an interpreter is another check's question; nothing is known of its modules.
            return true
        }
    }
}
