/// What somebody who wrote an unknown key, or an unknown word, most likely meant.
enum Suggestions {
    /// The nearest of `candidates`; `nil` when none is near: at most one slip in three letters.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let plain = simplified(word)
        guard plain.count <= 64 else { return nil }
        let scored = candidates.map { (candidate: $0, distance: distance(plain, simplified($0))) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, min(plain.count, best.candidate.count) / 3) ? best.candidate : nil
    }

    /// Case and the separators of words are no slips: `maxReceiveCount` is `max_receive_count`.
    private static func simplified(_ word: String) -> [Character] {
        word.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }.map(\.self)
    }

    /// Letters that are wrong, missing, too many, or swapped with their neighbour.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var current = [row]
            for column in 1...right.count {
                let same = left[row - 1] == right[column - 1]
                var best = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
                let swapped =
                    row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1]
                if swapped { best = min(best, beforeLast[column - 2] + 1) }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    /// What stands behind an unknown key in its mistake.
    static func advice(for key: String, in section: String, among siblings: [String]) -> String {
        if let advice = serviceAdvice(for: key, in: section) { return advice }
        if let near = nearest(to: key, among: siblings) { return "did you mean '\(near)'?" }
        let homes = DefinitionKeys.homes(of: key)
        if !homes.isEmpty { return "it belongs to \(homes.map { "'\($0)'" }.joined(separator: " or "))" }
        if let near = nearest(to: key, among: DefinitionKeys.leaves), let home = DefinitionKeys.homes(of: near).first {
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
        "batchsize": ["transform.batch", "deliver.batch"],
        "maximumbatchingwindowinseconds": ["transform.batch_window", "deliver.batch_window"],
        "reservedconcurrentexecutions": ["transform.concurrency", "deliver.concurrency"],
        "maximumconcurrency": ["transform.concurrency", "deliver.concurrency"],
        "timeout": ["transform.timeout", "deliver.timeout"],
        "tablename": ["deliver.table"],
    ]
}
