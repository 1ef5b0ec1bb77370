import Foundation

/// The executable of this process, for processes of functions that are ours: of an app the app's own.
package enum OwnExecutable {
    /// By the process, not by its name: where the file was replaced meanwhile, this is still the one that runs.
    package static var path: String {
        #if os(Linux)
            "/proc/\(ProcessInfo.processInfo.processIdentifier)/exe"
        #else
            Bundle.main.executablePath ?? CommandLine.arguments[0]
        #endif
    }
}
