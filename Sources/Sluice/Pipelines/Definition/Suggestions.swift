/// What somebody who wrote an unknown key most likely meant.
enum Suggestions {
    /// What stands behind an unknown key in its mistake.
    static func advice(for key: String, in section: String, among siblings: [String]) -> String {
        if let advice = serviceAdvice(for: key, in: section) { return advice }
        if let near = NearestName.to(key, among: siblings) { return "did you mean '\(near)'?" }
        let homes = DefinitionKeys.homes(of: key)
        if !homes.isEmpty { return "it belongs to \(homes.map { "'\($0)'" }.joined(separator: " or "))" }
        if let near = NearestName.to(key, among: DefinitionKeys.leaves), let home = DefinitionKeys.homes(of: near).first
        {
            return "did you mean '\(dotted(home, near))'?"
        }
        return "expected one of " + siblings.joined(separator: ", ")
    }

    private static func serviceAdvice(for key: String, in section: String) -> String? {
        guard key.contains(where: \.isUppercase), let ours = serviceSpellings[key.lowercased()] else { return nil }
        if ours.isEmpty { return "AWS's \(key) has no counterpart in this version; leave it out" }
        let here = ours.first { dotted(section, String($0.split(separator: ".").last ?? "")) == $0 }
        if let here { return "AWS's \(key) is '\(here.split(separator: ".").last ?? "")' here" }
        return "AWS's \(key) is \(ours.map { "'\($0)'" }.joined(separator: " or ")) here"
    }

    /// What AWS calls it, in lower case → the keys that mean it.
    static let serviceSpellings: [String: [String]] = [
        "maxreceivecount": ["queue.max_receive_count", "deliver.queue.max_receive_count"],
        "redrivepolicy": ["queue.max_receive_count", "deliver.queue.max_receive_count"],
        "visibilitytimeout": ["queue.visibility_timeout", "deliver.queue.visibility_timeout"],
        "messageretentionperiod": ["queue.retention", "deliver.queue.retention"],
        "maximummessagesize": ["max_record"],
        "delayseconds": [],
        "receivemessagewaittimeseconds": [],
        "queuename": ["source.queue"],
        "fifoqueue": ["queue.type"],
        "messagegroupid": ["queue.group"],
        "functionname": ["transform.function"],
        "handler": ["transform.handler"],
        "runtime": ["transform.runtime"],
        "codeuri": ["transform.code"],
        "environment": ["transform.environment"],
        "memorysize": ["transform.memory"],
        "batchsize": ["transform.batch", "deliver.batch"],
        "maximumbatchingwindowinseconds": ["transform.batch_window", "deliver.batch_window"],
        "reservedconcurrentexecutions": ["transform.concurrency", "deliver.concurrency"],
        "maximumconcurrency": ["transform.concurrency", "deliver.concurrency"],
        "timeout": ["transform.timeout", "deliver.timeout"],
        "tablename": ["deliver.table"],
    ]
}
