import Logging
import Sluice
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Kills the process groups of functions when this process ends without doing it: a shell that reads which groups there
/// are, and whose input ends when we do, however that happens.
final class Watchdog: Sendable {
    /// Only what a POSIX shell has in itself: nothing is started while it waits.
    private static let script = """
        groups=' '
        while read -r sign group; do
          case $sign in
            +) groups="$groups$group " ;;
            -) rest=' '
               for one in $groups; do [ "$one" = "$group" ] || rest="$rest$one "; done
               groups=$rest ;;
          esac
        done
        for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
        """

    /// The end that we write to.
    private let pipe: Mutex<SystemPackage.FileDescriptor?>

    /// - Throws: `ControlError.failed` when this process may open no more files.
    init(logger: Logger) throws {
        let pipe = try Pipe.open()
        self.pipe = Mutex(pipe.writer)
        Self.run(pipe.reader, logger)
    }

    deinit { stop() }

    /// Ends it, and with it whatever group is still watched.
    func stop() {
        pipe.withLock { pipe in
            do { try pipe?.close() } catch { return }
            pipe = nil
        }
    }

    func watch(group: pid_t) { write("+ \(group)\n") }
    func forget(group: pid_t) { write("- \(group)\n") }

    private func write(_ line: String) {
        pipe.withLock { pipe in
            // It cannot be told more than a pipe holds without reading; and if it is gone, the kernel's own signal at
            // our end is left.
            do { try pipe?.writeAll(line.utf8) } catch { return }
        }
    }

    private static func run(_ reader: SystemPackage.FileDescriptor, _ logger: Logger) {
        var options = PlatformOptions()
        // Not in our session: the terminal's interrupt is for us.
        options.createSession = true
        let configuration = Configuration(
            executable: .path("/bin/sh"), arguments: ["-c", script], environment: .custom([Environment.Key: String]()),
            platformOptions: options)
        // Unstructured: it ends with the pipe, which `stop` closes.
        Task {
            do {
                _ = try await Subprocess.run(
                    configuration, input: .fileDescriptor(reader, closeAfterSpawningProcess: true), output: .discarded)
            } catch {
                logger.warning(
                    "No watchdog: after a kill of this process, what functions have started may be left behind",
                    metadata: ["error": "\(error)"])
            }
        }
    }
}
