import Foundation
import Subprocess
import SystemPackage

/// The file that a handler's module is in. Whether the function is in it only running it can tell.
package struct HandlerModule: Sendable {
    private let handler: String
    private let runtime: String
    private let code: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - handler: `module.function`; the module may be in a folder.
    ///   - runtime: one that there is.
    ///   - code: the folder of the code.
    ///   - environment: the variables of the definition.
    package init(_ handler: String, runtime: String, code: String, environment: [String: String]) {
        self.handler = handler
        self.runtime = runtime
        self.code = code
        self.environment = environment
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

    /// A module may be installed, compiled, or where PYTHONPATH says. Python looks for it without running anything: the
    /// packages that it is in are not imported. A folder alone has no function.
    private static let search = """
        from importlib.machinery import PathFinder
        from sys import argv, exit, path
        name, folders = "", [argv[1], *path[1:]]
        for part in argv[2].split("."):
            name = f"{name}.{part}".lstrip(".")
            spec = PathFinder.find_spec(name, folders)
            if not spec:
                exit(1)
            folders = spec.submodule_search_locations or []
        exit(not spec.loader or not spec.origin)
        """

    private func pythonHasModule() async -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? Programs.standardPath
        // Whether there is an interpreter is another check's question; nothing is known of its modules.
        guard let program = Programs.find(PythonRuntime.interpreter(runtime, code: code), in: path) else { return true }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(program)), arguments: ["-B", "-c", Self.search, code, pythonModule],
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
                input: .none, output: .discarded, error: .discarded)
            return result.terminationStatus.isSuccess
        } catch {
            return true
        }
    }
}
