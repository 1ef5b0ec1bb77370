import Sluice

/// Where a queue is: what its ARN and its URL say, and what the engine calls it.
struct QueueLocation: Hashable, Sendable {
    var region: String
    var account: String
    /// A FIFO queue's ends in `.fifo`.
    var name: String

    /// What the engine calls it.
    func fullName(_ home: Home) -> String {
        if region == home.region, account == home.account { return name }
        return QueueNames.qualified(name, region: region, account: account)
    }

    /// What the engine's name means.
    init(fullName: String, _ home: Home) {
        let parts = fullName.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 3 {
            self.init(region: String(parts[0]), account: String(parts[1]), name: String(parts[2]))
        } else {
            self.init(region: home.region, account: home.account, name: fullName)
        }
    }

    init(region: String, account: String, name: String) {
        self.region = region
        self.account = account
        self.name = name
    }

    // MARK: ARN

    var arn: String { "arn:\(Self.partition(region)):sqs:\(region):\(account):\(name)" }

    private static func partition(_ region: String) -> String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        return region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }

    /// `nil` = it is no ARN of a queue.
    init?(arn: String) {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "sqs",
            parts[3...].allSatisfy({ !$0.isEmpty })
        else { return nil }
        self.init(region: String(parts[3]), account: String(parts[4]), name: String(parts[5]))
    }

    // MARK: URL

    /// - Parameter request: who asks for it: the URL leads to where that request has come to.
    func url(asAskedBy request: ServerRequest, _ home: Home) -> String {
        let host = request.host.isEmpty ? "localhost:4566" : request.host
        let base = "\(request.isTLS ? "https" : "http")://\(host)"
        if region == (QueueHost(host).region ?? home.region) { return "\(base)/\(account)/\(name)" }
        return "\(base)/queue/\(region)/\(account)/\(name)"
    }

    /// Reads a QueueUrl in any of its forms: whole, `account/name`, or the bare name.
    /// - Returns: the places that it may mean, the likeliest first; empty = it is none.
    static func places(ofURL url: String, _ caller: Caller, _ home: Home) -> [QueueLocation] {
        // Bytes, not characters: every request comes by here.
        var (host, path) = ("", url.utf8[...])
        if let colon = path.firstIndex(of: UInt8(ascii: ":")), path[colon...].starts(with: "://".utf8) {
            let rest = path[colon...].dropFirst(3)
            let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            host = String(Substring(rest[..<slash]))
            path = rest[slash...]
        }
        let place = path.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return places(ofPath: String(Substring(place)), host: host, caller, home)
    }

    /// Whether a path names a queue as its URL does.
    static func isPath(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
        let account = parts.count == 4 && parts[0] == "queue" ? parts[2] : parts.count == 2 ? parts[0] : ""
        return account.utf8.count == 12 && account.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    static func places(ofPath path: String, host: String, _ caller: Caller, _ home: Home) -> [QueueLocation] {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        if parts.count == 4, parts[0] == "queue" {
            return [QueueLocation(region: parts[1], account: parts[2], name: parts[3])]
        }
        guard (1...2).contains(parts.count), let name = parts.last else { return [] }
        let account = parts.count == 2 ? parts[0] : caller.account
        let regions = QueueHost(host).region.map { [$0] } ?? [caller.region, home.region]
        return regions.map { QueueLocation(region: $0, account: account, name: name) }
    }
}

/// What a host says of the region: `sqs.eu-west-1.…`, `eu-west-1.queue.…`.
struct QueueHost {
    let region: String?

    init(_ host: String) {
        let labels = host.lowercased().utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { Substring($0) }
        if labels.count >= 3, labels[0] == "sqs", Self.isRegion(labels[1]) {
            region = String(labels[1])
        } else if labels.count >= 3, labels[1] == "queue", Self.isRegion(labels[0]) {
            region = String(labels[0])
        } else {
            region = nil
        }
    }

    /// `us-east-1`, `us-gov-west-1`.
    private static func isRegion(_ label: Substring) -> Bool {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count >= 3 && parts.allSatisfy { !$0.isEmpty } && Int(parts[parts.count - 1]) != nil
    }
}
