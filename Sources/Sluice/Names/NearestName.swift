/// What somebody who wrote an unknown word, or the name of something that is not there, most likely meant.
package enum NearestName {
    /// The nearest of `candidates`; `nil` when none is near: at most one slip in three letters.
    package static func to(_ word: String, among candidates: some Sequence<String>) -> String? {
        let plain = simplified(word)
        guard plain.count <= 64 else { return nil }
        let scored = candidates.map { (candidate: $0, distance: distance(plain, simplified($0))) }
        guard let best = scored.min(by: { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }) else {
            return nil
        }
        return best.distance <= max(1, min(plain.count, best.candidate.count) / 3) ? best.candidate : nil
    }

    /// `; did you mean 'orders'?`, to be put behind an error; empty when none is near.
    package static func hint(for word: String, among candidates: some Sequence<String>) -> String {
        to(word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
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
}
