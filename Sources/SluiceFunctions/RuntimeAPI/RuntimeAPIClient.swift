import Sluice

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process's side of the Lambda Runtime API, for runtimes of ours: one connection, one request at a time, on the
/// thread that calls it. Nothing else is to be done while it waits.
struct RuntimeAPIClient: ~Copyable {
    /// One invocation, and the id to answer it with.
    struct Invocation {
        var id: String
        var event: [UInt8]
    }

    /// The host has ended, or says what no Runtime API says.
    struct Lost: Error, CustomStringConvertible {
        var description: String
    }

    private let socket: CInt
    private let host: String
    /// What was read behind the last answer.
    private var rest: [UInt8] = []

    private static let base = "/2018-06-01/runtime"
    private static let blockSize = 1 << 16

    /// - Parameter address: `127.0.0.1:PORT`, from `AWS_LAMBDA_RUNTIME_API`.
    init(_ address: String) throws(Lost) {
        socket = try Self.connected(to: address)
        host = address
    }

    private static func connected(to address: String) throws(Lost) -> CInt {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw Lost(description: "'\(address)' is no address")
        }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, String(parts[0]), &target.sin_addr) == 1 else {
            throw Lost(description: "'\(address)' is no address")
        }
        #if canImport(Glibc)
            let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #else
            let socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafeBytes(of: &target) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(socket, $0.baseAddress, size) }
        }
        guard connected == 0 else {
            let reason = String(cString: strerror(errno))
            close(socket)
            throw Lost(description: "cannot connect to \(address): \(reason)")
        }
        var on: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        return socket
    }

    deinit { close(socket) }

    /// Waits for the next invocation, without limit.
    mutating func next() throws(Lost) -> Invocation {
        let answer = try request("GET", "/invocation/next", [])
        guard answer.status == 200, let id = answer.id else {
            throw Lost(description: "the host answered \(answer.status)")
        }
        return Invocation(id: id, event: answer.body)
    }

    mutating func respond(_ id: String, _ body: [UInt8]) throws(Lost) {
        _ = try request("POST", "/invocation/\(id)/response", body)
    }

    /// The start has failed.
    /// - Parameter report: the error as Lambda reports it, in JSON.
    mutating func initError(_ report: [UInt8]) throws(Lost) { _ = try request("POST", "/init/error", report) }

    // MARK: HTTP

    private struct Answer {
        var status: Int
        var id: String?
        var body: [UInt8]
    }

    private mutating func request(_ method: String, _ path: String, _ body: [UInt8]) throws(Lost) -> Answer {
        let head = "\(method) \(Self.base)\(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: \(body.count)\r\n\r\n"
        try write(Array(head.utf8) + body)
        return try answer()
    }

    private mutating func answer() throws(Lost) -> Answer {
        var end = Self.endOfHead(in: rest)
        while end == nil {
            try read(atLeast: rest.count + 1)
            end = Self.endOfHead(in: rest)
        }
        let lines = String(decoding: rest.prefix(end ?? 0), as: UTF8.self).split(separator: "\r\n")
        rest.removeFirst((end ?? 0) + 4)
        var answer = Answer(
            status: lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, body: [])
        var length = 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.last.map { String($0.drop { $0 == " " }) } ?? ""
            switch parts.first?.lowercased() {
            case "content-length": length = Int(value) ?? 0
            case "lambda-runtime-aws-request-id": answer.id = value
            default: continue
            }
        }
        try read(atLeast: length)
        answer.body = Array(rest.prefix(length))
        rest.removeFirst(length)
        return answer
    }

    /// Where the empty line begins.
    private static func endOfHead(in bytes: [UInt8]) -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= mark.count else { return nil }
        return (0...(bytes.count - mark.count)).first { bytes[$0..<($0 + mark.count)].elementsEqual(mark) }
    }

    /// Reads until `rest` has so many bytes.
    private mutating func read(atLeast count: Int) throws(Lost) {
        while rest.count < count {
            let room = max(Self.blockSize, count - rest.count)
            var failure: CInt = 0
            let block = [UInt8](unsafeUninitializedCapacity: room) { buffer, initialized in
                var got = recv(socket, buffer.baseAddress, room, 0)
                while got < 0, errno == EINTR { got = recv(socket, buffer.baseAddress, room, 0) }
                failure = got < 0 ? errno : 0
                initialized = max(0, got)
            }
            guard failure == 0, !block.isEmpty else { throw Lost(description: "the host is gone") }
            rest += block
        }
    }

    private func write(_ bytes: [UInt8]) throws(Lost) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                // Without the flag a host that is gone would end us with a signal instead of an error.
                send(socket, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Lost(description: "the host is gone") }
            sent += count
        }
    }
}
