#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How many files a process may have open: each connection is one.
enum OpenFiles {
    /// As many as the system allows; the usual limit is what a shell had use for.
    static func raiseLimit() {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        // Some systems say that there is no limit, and refuse it.
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(resource, &limit)
    }
}
