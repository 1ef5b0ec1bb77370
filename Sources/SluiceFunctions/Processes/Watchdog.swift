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

/// Kills what functions have started when this process ends without doing it: a shell that reads which process groups
/// there are, knows the control groups that we make ours in, and whose input ends when we do, however that happens.
final class Watchdog: Sendable {
    /// Only what a POSIX shell has in itself: nothing is started while it waits. The arguments are the folders of our
    /// control group; what is killed in it may take a moment to be gone.
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
        exec 2>/dev/null
        for group in $groups; do kill -s KILL -- "-$group"; done
        tries=100
        while [ $tries -gt 0 ]; do
          left=
          for host; do
            [ -d "$host" ] || continue
            for group in "$host"/*/; do
              [ -d "$group" ] || continue
              if [ -e "$group/cgroup.kill" ]; then echo 1 >"$group/cgroup.kill"
              else
                [ ! -e "$group/pids.max" ] || echo 0 >"$group/pids.max"
                while read -r process; do kill -s KILL "$process"; done <"$group/cgroup.procs"
              fi
              rmdir "$group"
            done
            rmdir "$host" || left=yes
          done
          [ -n "$left" ] || exit 0
          tries=$((tries - 1))
          sleep 0.05
        done
        """

    /// The end that we write to.
    private let pipe: Mutex<SystemPackage.FileDescriptor?>

    /// - Parameter groups: the folders of our control group, in each hierarchy.
    /// - Throws: `ControlError.failed` when this process may open no more files.
    init(groups: [String], logger: Logger) throws {
        let pipe = try Pipe.open()
        self.pipe = Mutex(pipe.writer)
        Self.run(pipe.reader, groups, logger)
    }

    /// Ends it, and with it whatever is still watched.
    deinit {
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

    private static func run(_ reader: SystemPackage.FileDescriptor, _ groups: [String], _ logger: Logger) {
        var options = PlatformOptions()
        // Not in our session: the terminal's interrupt is for us.
        options.createSession = true
        let configuration = Configuration(
            executable: .path("/bin/sh"), arguments: Arguments(["-c", script, "watchdog"] + groups),
            environment: .custom([Environment.Key: String]()), platformOptions: options)
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
