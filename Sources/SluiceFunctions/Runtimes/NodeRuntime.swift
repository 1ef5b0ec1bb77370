import Sluice

/// `runtime: nodejs22.x`: the interpreter, and the client that ships in the binary.
enum NodeRuntime {
    static let program = "node"

    /// `22` of `nodejs22.x`.
    static func major(_ runtime: String) -> Substring { runtime.dropFirst("nodejs".count).dropLast(".x".count) }

    /// Makes the client's file in `folder`, and says how it is run.
    /// - Throws: `ControlError.refused` when the folder cannot be written.
    static func command(_ runtime: String, memory: ByteCount, folder: String) throws -> [String] {
        let client = try RuntimeFile.write("nodejs_runtime.mjs", PackageResources.nodejs_runtime_mjs, in: folder)
        // The rest is for what is not on JavaScript's heap. Beyond its heap node ends with words, not with a signal.
        let heap = (memory.bytes >> 20) * 3 / 4
        return [program, "--max-old-space-size=\(heap)", client, String(major(runtime))]
    }
}
